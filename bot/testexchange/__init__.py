"""The model exchange with a street address: venues' own dialects, which an unmodified client can trade on."""
