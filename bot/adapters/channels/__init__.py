"""Ways to a person: one small file each."""
