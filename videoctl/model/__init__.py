"""What videoctl knows, as frozen data: no input, no output."""
