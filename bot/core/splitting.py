"""One bag over several hedges: shares, caps, and what flows on from a hedge that is full to the next."""

from decimal import Decimal

from bot.core.values import Coins, Ratio, record


@record
class Part:
    """What one hedge is to take of a bag."""

    hedge: str
    share: Ratio
    """Of the whole bag, as far as those before have left it; what the shares leave goes to the first with room."""
    coins_max: Coins | None
    """The most it may take; None without end."""


@record
class Split:
    """Who takes how much, and what nobody does."""

    coins: tuple[tuple[str, Coins], ...]
    left: Coins


def split(coins: Coins, parts: tuple[Part, ...]) -> Split:
    """Give each part its share up to its cap, in order; the rest goes to the parts again, as far as they have room."""
    taken: dict[str, Decimal] = {}
    left: Decimal = coins
    for part in parts:
        taken[part.hedge] = min(_capped(part, coins * part.share), left)
        left -= taken[part.hedge]
    for part in parts:
        more = _capped(part, taken[part.hedge] + left) - taken[part.hedge]
        taken[part.hedge] += more
        left -= more
    return Split(coins=tuple((name, Coins(count)) for name, count in taken.items()), left=Coins(left))


def _capped(part: Part, coins: Decimal) -> Decimal:
    return coins if part.coins_max is None else min(coins, part.coins_max)
