"""Where the owner's coins lie."""

from bot.core.snapshot import Holding


class DeclaredHoldings:
    """Coins the owner states in the settings, wherever they lie."""

    def __init__(self, holdings: tuple[Holding, ...]) -> None:
        self._holdings = holdings

    async def read(self) -> tuple[Holding, ...]:
        """Read what was declared."""
        return self._holdings
