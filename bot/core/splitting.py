"""One bag over several hedges: shares, caps, and what flows on from a hedge that is full to the next."""

from decimal import Decimal

from bot.core.values import ONE, ZERO, Coins, Ratio, record


@record
class Part:
    """What one hedge is to take of a bag."""

    hedge: str
    share: Ratio
    """Of the whole bag; the shares need not add up to 1, and what none names goes to the first with room."""
    coins_max: Coins | None
    """The most it may take; None without end."""


@record
class Split:
    """Who takes how much, and what nobody does."""

    coins: tuple[tuple[str, Coins], ...]
    left: Coins


def split(coins: Coins, parts: tuple[Part, ...]) -> Split:
    """Give each part its share up to its cap; the rest goes to the parts in their order, as far as they have room."""
    whole = sum((part.share for part in parts), ZERO)
    scale = ONE / whole if whole > ONE else ONE
    taken = {part.hedge: _capped(part, coins * part.share * scale) for part in parts}
    left = coins - sum(taken.values(), ZERO)
    for part in parts:
        more = _capped(part, taken[part.hedge] + left) - taken[part.hedge]
        taken[part.hedge] += more
        left -= more
    return Split(coins=tuple((name, Coins(count)) for name, count in taken.items()), left=Coins(left))


def _capped(part: Part, coins: Decimal) -> Decimal:
    return coins if part.coins_max is None else min(coins, part.coins_max)
