"""Coins hedged in another coin's contract: by value, alone or netted, as tables a trader can audit."""

from dataclasses import replace

import pytest

from bot.core import exposure
from bot.core.decide import decide
from bot.core.policy import MarketView, Target
from bot.core.risk import Approved
from bot.core.rules import HedgeRules
from bot.core.snapshot import Holding, Snapshot, Spot
from bot.core.values import Coins, Price, Ratio, Side, record
from strategies.fixed_ratio import Stage
from tests.core.builders import LINEAR, D, T, hedge_rules, quote, rules, snapshot

CASES = """
    # coins: BTC   ADA     price | ratio | BTC price | wanted short BTC
    0     10000   1     | 1     | 50000    | 0.200     # theory: q = beta x value / F
    0     10000   1     | 1.127 | 50000    | 0.225     # cut to whole steps: 0.2254
    0     10000   0.65  | 1.127 | 40000    | 0.183     # ADA -35 %, BTC -20 %: less value, more BTC a dollar
    0     10000   1     | 1.5   | 50000    | 0.300
    2     10000   1     | 1     | 50000    | 2.200     # netted: both by value in one contract
    2     10000   1     | 0.5   | 50000    | 1.100
    0     0       1     | 1     | 50000    | 0
"""


def picture(btc: str, ada: str, price: str, mark: str = "50000") -> Snapshot:
    base = snapshot(LINEAR, spot=btc, prices=quote(LINEAR, mark))
    return replace(
        base,
        holdings=(*base.holdings, Holding(asset="ADA", coins=Coins(D(ada)), place="declared")),
        spots=(Spot(symbol="ADA/USDT", at_ms=T, price=Price(D(price))),),
    )


def hedge_of(btc: str, ratio: str) -> HedgeRules:
    if btc == "0":
        return hedge_rules(LINEAR, asset="ADA", ratio=ratio)
    return hedge_rules(LINEAR, also=("ADA",), ratio=ratio)


@pytest.mark.parametrize("row", [line for line in CASES.splitlines()[2:] if line.strip()])
def test_other_coins_count_by_their_value_at_the_contracts_mark(row: str) -> None:
    coins, ratio, mark, wanted = (part.strip() for part in row.partition("#")[0].split("|"))
    btc, ada, price = coins.split()

    decision = decide(picture(btc, ada, price, mark), rules(hedge_of(btc, ratio)))

    (why,) = decision.explanations
    assert why.exposure is not None
    assert -why.exposure.target == D(wanted)
    orders = [one.request for one in decision.commands if isinstance(one, Approved)]
    assert [(one.side, one.contracts) for one in orders] == ([(Side.SELL, D(wanted))] if D(wanted) else [])


def test_the_articles_two_moves_leave_the_shortfall_that_is_known() -> None:
    """S9: ADA -35 %, BTC -20 %, beta 1: 57 % is covered."""
    hedge, before, after = (
        hedge_of("0", "1"),
        picture("0", "10000", "1"),
        picture("0", "10000", "0.65", "40000"),
    )
    book = exposure.book(before, hedge, LINEAR.symbol)
    short = exposure.wanted_size(book, hedge, Ratio(D(1)))

    lost = D(10_000) * (D(1) - D("0.65"))
    won = short * (D(50_000) - D(40_000))

    assert (lost, won) == (D(3500), D(2000))
    assert round(won / lost, 12) == D("0.571428571429")
    assert exposure.book(after, hedge, LINEAR.symbol).own == D("0.1625")


def test_a_price_of_the_other_coin_ends_the_quiet_and_asks_for_a_trade() -> None:
    hedge, held = hedge_of("0", "1"), replace(picture("0", "10000", "1"), positions=())
    held = replace(held, positions=(replace(snapshot(held="-0.2").positions[0]),))
    decision = decide(held, rules(hedge))
    risen = replace(held, spots=(Spot(symbol="ADA/USDT", at_ms=T, price=Price(D("1.02"))),))

    def covered(price: str) -> bool:
        quotes = (
            *held.quotes,
            replace(held.quotes[0], symbol="ADA/USDT", mark=Price(D(price)), index=Price(D(price))),
        )
        return decision.quiet.covers(quotes)

    assert decision.commands == ()
    assert covered("1")
    assert not covered("1.02")
    assert not decision.quiet.covers(held.quotes), "a price that is not told is not covered"
    assert decide(risen, rules(hedge)).commands != ()


@record
class Counts:
    """A stage that says which coins it is shown."""

    def apply(self, market: MarketView, target: Target) -> Target:
        coins = ", ".join(f"{count} {asset}" for asset, count in market.coins)
        return replace(target, ratio=Ratio(D(1)), reason=f"{coins}; same coin {market.same_coin}")


@pytest.mark.parametrize(
    ("btc", "words"),
    [("0", "10000 ADA; same coin False"), ("2", "2 BTC, 10000 ADA; same coin False")],
)
def test_a_stage_is_shown_the_coins_that_are_hedged_together(btc: str, words: str) -> None:
    hedge = replace(hedge_of(btc, "1"), stages=(Counts(),))

    (why,) = decide(picture(btc, "10000", "1"), rules(hedge)).explanations

    assert why.target is not None
    assert why.target.reason == words


def test_a_fixed_ratio_says_that_it_assumes_a_beta() -> None:
    hedge = replace(hedge_of("0", "1"), stages=(Stage(ratio=D(1)),))

    (why,) = decide(picture("0", "10000", "1"), rules(hedge)).explanations

    assert why.target is not None
    assert "a beta of 1 is assumed" in why.target.reason
