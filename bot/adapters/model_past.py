"""What one in the model town may look back on: candles made of samples, closed bars, settled funding.

The market is a pure function of its seed and the time, and so is its past: it was there before anybody came to look.
"""

from decimal import Decimal

from bot.adapters.model_market import FUNDING_MS, ModelTown
from bot.core.lookback import Bars, Need, Settled
from bot.core.values import Price, Ratio

SAMPLES = 6
"""Prices that a candle is made of, its ends included."""
CALMER, CENT = 10, Decimal("0.01")
"""How much less the market moved before a town that is calm before its opening, and what its candles are told to."""


class ModelPast:
    """Looks back on the town's market."""

    def __init__(self, town: ModelTown, calm_before_ms: int = 0) -> None:
        """What was before ``calm_before_ms`` is calm: nobody's hedge could stand such a market's past."""
        self._town = town
        self._calm_before_ms = calm_before_ms
        self._bars: dict[Need, Bars] = {}
        self._settled: dict[tuple[str, int], Settled] = {}

    def prices(self, coin: str, from_ms: int, to_ms: int) -> tuple[Decimal, ...]:
        """Sample a coin's index over a time, its ends included: a candle opens at the first and closes at the last."""
        step_ms = Decimal(to_ms - from_ms) / (SAMPLES - 1)
        return tuple(self._price(coin, from_ms + int(step_ms * place)) for place in range(SAMPLES))

    def _price(self, coin: str, at_ms: int) -> Decimal:
        price = self._town.price(coin, at_ms)
        if at_ms >= self._calm_before_ms:
            return price
        opening = self._town.price(coin, self._calm_before_ms)
        return (opening + (price - opening) / CALMER).quantize(CENT)

    def bars(self, need: Need) -> Bars | None:
        """Make the newest closed bars of the coin's index, all that are asked for; None of a market the town has not."""
        if need.symbol not in self._town.exchange.contracts and self._town.spot(need.symbol) is None:
            return None
        last_ms = self._town.now.at_ms // need.bar_ms * need.bar_ms
        known = self._bars.get(need)
        if known is None or known.last_ms != last_ms:
            known = self._bars[need] = self._made(need, last_ms)
        return known

    def _made(self, need: Need, last_ms: int) -> Bars:
        coin = need.symbol.partition("/")[0]
        starts = range(last_ms - need.count * need.bar_ms, last_ms, need.bar_ms)
        spans = [self.prices(coin, at_ms, at_ms + need.bar_ms) for at_ms in starts]
        return Bars(
            symbol=need.symbol,
            bar_ms=need.bar_ms,
            last_ms=last_ms,
            closes=tuple(Price(prices[-1]) for prices in spans),
            highs=tuple(Price(max(prices)) for prices in spans),
            lows=tuple(Price(min(prices)) for prices in spans),
        )

    def settled(self, symbol: str, count: int) -> Settled | None:
        """List the newest funding rates that were settled, as they are paid here; None of a contract that pays none."""
        last_ms = self._town.now.at_ms // FUNDING_MS * FUNDING_MS
        known = self._settled.get((symbol, count))
        if known is not None and known.last_ms == last_ms:
            return known
        paid = self._town.funding_paid(symbol, last_ms - (count - 1) * FUNDING_MS, last_ms)
        if not paid:
            return None
        rates = tuple(Ratio(rate) for _, rate in paid)
        found = Settled(symbol=symbol, interval_ms=FUNDING_MS, last_ms=last_ms, rates=rates)
        self._settled[symbol, count] = found
        return found
