"""What happened on an account: fills and payments since a cursor, each told once, read again with an overlap."""

from collections.abc import Iterable

from bot.adapters.venues.asking import DAY_MS, FRESH_MS, HOUR_MS, SECOND_MS, Asking, TimedApi
from bot.adapters.venues.manner import Listed, Manner
from bot.core.reports import Fill, Payment
from bot.shell.ports import Activity

BUSY_MS = 120 * SECOND_MS
"""So long after an order nothing that it may have moved is taken to be fresh."""
OVERLAP_MS = 60 * SECOND_MS
"""Records are read again from so long before they were read last: a venue's own copies lag."""
CURSOR_MS = HOUR_MS
"""The cursor moves on after so long although nothing happened, so that a restart has little to read."""
Key = tuple[str, str]


class Records:
    """The records of one account."""

    def __init__(self, api: TimedApi, manner: Manner, asking: Asking) -> None:
        self._api = api
        self._manner = manner
        self._asking = asking
        self._busy_until_ms = 0
        self._told: dict[Key, int] = {}
        """Records told lately, and when they happened: the overlap brings them again."""
        self._fills_ms = 0
        self._payments_ms = 0
        self._fills_kept: tuple[Fill, ...] = ()
        """Fills that were read, and not told because payments could not be."""
        self._given_ms = 0
        """The cursor given last: another one means that what was told since then was not written down."""
        self._began_ms = 0
        """When an account's books began, if they did so just now: what was before is not theirs."""

    def busy(self) -> None:
        """Know that an order or a transfer is under way."""
        self._busy_until_ms = self._api.now_ms() + BUSY_MS

    async def since(self, cursor: int, watched: tuple[Listed, ...]) -> Activity:
        """List fills and payments since ``cursor``, a time of the venue in milliseconds; 0 begins now.

        A record may be told again after a restart: the journal knows it by its number. Without news the cursor stays, for
        up to an hour.
        """
        now_ms = self._api.now_ms()
        if cursor == 0:
            self._fills_ms = self._payments_ms = self._began_ms = self._given_ms = now_ms
            return Activity(fills=(), payments=(), cursor=now_ms)
        if cursor != self._given_ms:
            self._told, self._fills_kept, self._fills_ms, self._payments_ms = {}, (), 0, 0
        self._given_ms = cursor
        self._fills_kept += await self._fills(cursor, now_ms, watched)
        payments = await self._payments(cursor, now_ms, watched)
        fills, self._fills_kept = self._fills_kept, ()
        if fills or payments or now_ms - cursor > CURSOR_MS:
            self._given_ms = max(cursor + 1, min(self._fills_ms, self._payments_ms))
        return Activity(fills=fills, payments=payments, cursor=self._given_ms)

    async def _fills(self, cursor: int, now_ms: int, watched: tuple[Listed, ...]) -> tuple[Fill, ...]:
        if not self._due(self._fills_ms, "fills", now_ms):
            return ()
        found: dict[Key, Fill] = {}
        for one in watched:
            for from_ms, to_ms in _days((self._fills_ms or cursor) - OVERLAP_MS, now_ms):
                told = await self._asking.ask("fills", self._manner.fills(self._api, one, from_ms, to_ms))
                found |= {(fill.symbol, fill.fill_id): fill for fill in told}
        self._fills_ms = now_ms
        new = self._untold({key: fill.at_ms for key, fill in found.items()}, now_ms)
        return tuple(sorted((found[key] for key in new), key=lambda fill: fill.at_ms))

    async def _payments(self, cursor: int, now_ms: int, watched: tuple[Listed, ...]) -> tuple[Payment, ...]:
        if not self._due(self._payments_ms, "payments", now_ms):
            return ()
        found: dict[Key, Payment] = {}
        for from_ms, to_ms in _days((self._payments_ms or cursor) - OVERLAP_MS, now_ms):
            asked = self._manner.payments(self._api, watched, from_ms, to_ms)
            told = await self._asking.ask("payments", asked)
            found |= {(payment.kind, payment.payment_id): payment for payment in told}
        self._payments_ms = now_ms
        new = self._untold({key: payment.at_ms for key, payment in found.items()}, now_ms)
        return tuple(sorted((found[key] for key in new), key=lambda payment: payment.at_ms))

    def _untold(self, found: dict[Key, int], now_ms: int) -> Iterable[Key]:
        """List what was not told yet, and know it from now on; what is older than any overlap is forgotten."""
        new = [key for key, at_ms in found.items() if key not in self._told and at_ms >= self._began_ms]
        self._told |= found
        self._told = {key: at_ms for key, at_ms in self._told.items() if at_ms > now_ms - DAY_MS}
        return new

    def _due(self, read_ms: int, kind: str, now_ms: int) -> bool:
        return read_ms == 0 or now_ms < self._busy_until_ms or now_ms - read_ms >= FRESH_MS[kind]


def _days(from_ms: int, to_ms: int) -> tuple[tuple[int, int], ...]:
    """Cut a time into pieces of at most a day, which every venue answers."""
    starts = range(from_ms, max(to_ms, from_ms + 1), DAY_MS)
    return tuple((start, min(start + DAY_MS - 1, to_ms)) for start in starts)
