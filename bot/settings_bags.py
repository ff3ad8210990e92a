"""The settings of a bag that several hedges share: who takes how much, up to which cap.

The first line of a table's docstring and the description of a field are shown to users.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pydantic import Field
from pydantic_core import InitErrorDetails

from bot.core.splitting import Part, Split, split
from bot.core.values import ONE, ZERO, Coins, Ratio
from bot.settings_kinds import Amount, AssetCode, Share, Table
from bot.settings_layers import rule
from bot.settings_words import meant


class Taker(Table):
    """A hedge that takes part of a bag."""

    hedge: str = Field(description="Hedge of the same coin, whose own holdings are 0.")
    share: Share = Field(
        ONE, description="Share of the bag; what the shares leave goes to the first with room."
    )
    coins_max: Amount = Field(ZERO, description="The most it takes, in coins; 0 is no cap.")
    by_collateral: bool = Field(
        default=False,
        description="Whether it takes no more than its account's collateral carries at the start, at the leverage limit.",
    )

    def cap(self, carries: Mapping[str, Coins]) -> Coins | None:
        """Give the most it takes; what no collateral is known for carries nothing."""
        caps = [Coins(self.coins_max)] if self.coins_max else []
        caps += [carries.get(self.hedge, Coins(ZERO))] if self.by_collateral else []
        return min(caps, default=None)


class Bag(Table):
    """Coins that several hedges share, in one account or in many."""

    asset: AssetCode = Field(description="Coin, such as BTC.")
    holdings: Amount = Field(description="Coins held outside the venues.")
    over: tuple[Taker, ...] = Field(
        min_length=1,
        description="Who takes them, in order: tables with hedge, share, coins_max, by_collateral.",
    )

    @property
    def by_collateral(self) -> tuple[str, ...]:
        """Name the hedges that take what their collateral carries."""
        return tuple(one.hedge for one in self.over if one.by_collateral)

    def split(self, carries: Mapping[str, Coins] = MappingProxyType({})) -> Split:
        """Share the coins out; what no collateral carries goes to the last hedge that goes by it, which then says so."""
        parts = (
            Part(hedge=one.hedge, share=Ratio(one.share), coins_max=one.cap(carries)) for one in self.over
        )
        done = split(Coins(self.holdings), tuple(parts))
        if not self.by_collateral:
            return done
        last = self.by_collateral[-1]
        coins = ((name, Coins(count + done.left if name == last else count)) for name, count in done.coins)
        return Split(coins=tuple(coins), left=Coins(ZERO))


def bag_disagreements(bags: Sequence[Bag], hedges: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    """Find bags that name no hedge, another coin's, one twice, or hold more than their hedges may take."""
    taken: set[str] = set()
    for number, bag in enumerate(bags):
        for index, one in enumerate(bag.over):
            where = ("bags", number, "over", index, "hedge")
            hedge = hedges.get(one.hedge)
            if hedge is None:
                yield rule(f"There is no hedge {one.hedge!r}.", meant(one.hedge, hedges), where)
            elif hedge.asset != bag.asset:
                yield rule(f"Hedge {one.hedge} is of {hedge.asset}.", f"Name a hedge of {bag.asset}.", where)
            elif hedge.holdings != ZERO:
                sentence = f"Hedge {one.hedge} has holdings of its own: the coins would count twice."
                yield rule(sentence, f"Set hedges.{one.hedge}.holdings = 0.", where)
            elif one.hedge in taken:
                yield rule(f"Hedge {one.hedge} takes part already.", "Name it once.", where)
            elif one.by_collateral and not hedge.symbol.startswith(f"{bag.asset}/"):
                sentence = f"{hedge.symbol} is not on {bag.asset}: what collateral carries there is counted in another coin."
                yield rule(sentence, "Give coins_max instead.", where)
            elif one.by_collateral and (rivals := _of_account(hedge, one.hedge, hedges)):
                sentence = f"The collateral of {hedge.account} carries {', '.join(rivals)} as well."
                yield rule(sentence, "Give coins_max instead, or an account of its own.", where)
            taken.add(one.hedge)
        left = bag.split().left
        if left > ZERO:
            sentence = f"{left:f} {bag.asset} are left that no hedge may take: they would be unhedged."
            yield rule(
                sentence,
                "Raise a coins_max, or lower holdings to what is to be hedged.",
                ("bags", number, "over"),
            )


def _of_account(hedge: Any, name: str, hedges: Mapping[str, Any]) -> list[str]:  # noqa: ANN401 - a table above this file
    """List the other hedges of a hedge's account."""
    return [other for other, one in hedges.items() if one.account == hedge.account and other != name]
