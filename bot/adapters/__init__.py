"""The doors: what the ports look like in the world."""
