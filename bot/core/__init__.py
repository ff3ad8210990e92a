"""The study: pure decisions. No clock, no I/O, no await, no randomness, standard library only."""
