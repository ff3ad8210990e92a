"""The cellar: one model town. Times and prices come in, reports come out; it has no clock and no randomness."""
