"""How each venue is spoken to: its words, units, codes and traps. Nothing here knows ccxt; it is given answers as JSON."""
