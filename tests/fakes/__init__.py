"""One fake of each thing the core reaches the world by."""
