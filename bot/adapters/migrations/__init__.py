"""The journal's schemas, oldest first."""
