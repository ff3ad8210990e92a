"""Where the owner's coins lie."""

from collections.abc import Awaitable, Callable

from bot.core.snapshot import Holding


class DeclaredHoldings:
    """Coins the owner states in the settings, wherever they lie."""

    def __init__(self, holdings: tuple[Holding, ...]) -> None:
        self._holdings = holdings

    async def read(self) -> tuple[Holding, ...]:
        """Read what was declared."""
        return self._holdings


class SharedHoldings:
    """Coins that the owner states, shared out once somebody asks; the shares then stay."""

    def __init__(self, share: Callable[[], Awaitable[tuple[Holding, ...]]]) -> None:
        self._share = share
        self._holdings: tuple[Holding, ...] | None = None

    async def read(self) -> tuple[Holding, ...]:
        """Read this account's share.

        Raises:
            VenueError: what decides about the shares could not be read; the next look asks again.
        """
        if self._holdings is None:
            self._holdings = await self._share()
        return self._holdings
