"""The settings of a bag that several hedges share: who takes how much, up to which cap.

The first line of a table's docstring and the description of a field are shown to users.
"""

from collections.abc import Iterator, Mapping, Sequence
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


class Bag(Table):
    """Coins that several hedges share, in one account or in many."""

    asset: AssetCode = Field(description="Coin, such as BTC.")
    holdings: Amount = Field(description="Coins held outside the venues.")
    over: tuple[Taker, ...] = Field(
        min_length=1, description="Who takes them, in order: tables with hedge, share and coins_max."
    )

    def split(self) -> Split:
        """Share the coins out."""
        parts = (
            Part(
                hedge=one.hedge,
                share=Ratio(one.share),
                coins_max=Coins(one.coins_max) if one.coins_max else None,
            )
            for one in self.over
        )
        return split(Coins(self.holdings), tuple(parts))


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
            taken.add(one.hedge)
        left = bag.split().left
        if left > ZERO:
            sentence = f"{left:f} {bag.asset} are left that no hedge may take: they would be unhedged."
            yield rule(
                sentence,
                "Raise a coins_max, or lower holdings to what is to be hedged.",
                ("bags", number, "over"),
            )
