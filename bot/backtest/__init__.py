"""Replaying history through the one decision function: read, run, report."""
