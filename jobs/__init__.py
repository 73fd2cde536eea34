"""What runs inside the platform; independent of videoctl."""
