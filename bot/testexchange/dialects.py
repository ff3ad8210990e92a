"""The dialects there are, by the names users know the venues by."""

from bot.testexchange.router import Dialect

DIALECTS: dict[str, type[Dialect]] = {}
