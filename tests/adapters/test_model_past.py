"""The model town's past: it was there before anybody came, it is the same at every look, and it ends now."""

from decimal import Decimal

import pytest

from bot.adapters.model_market import CYCLE_MS, FUNDING_MS, ModelMarket, ModelTown, model_contract
from bot.adapters.model_past import ModelPast
from bot.core.lookback import Need
from bot.core.values import Price
from bot.sim.exchange import Exchange

D = Decimal
BTC = "BTC/USDT:USDT"
HOUR_MS = 3_600_000
FROM_MS = 4107 * CYCLE_MS


def town(seed: int = 7, from_ms: int = FROM_MS) -> ModelTown:
    return ModelTown(
        ModelMarket(seed, D(60_000)),
        Exchange((model_contract(BTC),)),
        from_ms,
        scales={"ADA": D("0.0001")},
        coins=frozenset({"ADA"}),
    )


@pytest.mark.parametrize("symbol", [BTC, "BTC/USDT", "ADA/USDT"])
@pytest.mark.parametrize("hours", [1, 8, 24, 168])
def test_bars_are_the_index_as_it_was_and_end_at_the_last_that_closed(symbol: str, hours: int) -> None:
    place, bar_ms = town(from_ms=FROM_MS + 90 * 60_000), hours * HOUR_MS

    found = ModelPast(place).bars(Need(symbol=symbol, bar_ms=bar_ms, count=20))

    assert found is not None
    assert found.last_ms == (FROM_MS + 90 * 60_000) // bar_ms * bar_ms
    ends = [found.last_ms - (19 - number) * bar_ms for number in range(20)]
    assert list(found.closes) == [place.price(symbol.partition("/")[0], at_ms) for at_ms in ends]
    for high, low, close in zip(found.highs, found.lows, found.closes, strict=True):
        assert low <= close <= high
    assert min(found.lows) < max(found.highs)


def test_the_past_is_the_seeds_and_no_matter_when_the_town_opened() -> None:
    need = Need(symbol=BTC, bar_ms=8 * HOUR_MS, count=60)
    early, late, other = town(from_ms=FROM_MS), town(from_ms=FROM_MS + 8 * HOUR_MS), town(seed=8)
    early.advance(FROM_MS + 8 * HOUR_MS)

    seen = [ModelPast(place).bars(need) for place in (early, late, other)]

    assert seen[0] == seen[1]
    assert seen[0] != seen[2]


def test_bars_move_on_when_one_has_closed() -> None:
    place = town()
    past, need = ModelPast(place), Need(symbol=BTC, bar_ms=HOUR_MS, count=3)
    first = past.bars(need)
    place.advance(FROM_MS + HOUR_MS - 60_000)
    same = past.bars(need)
    place.advance(FROM_MS + HOUR_MS)
    following = past.bars(need)

    assert first is not None
    assert following is not None
    assert same == first
    assert following.closes[:2] == first.closes[1:]
    assert following.closes[2] == place.now.index


@pytest.mark.parametrize("symbol", ["NOPE/USDT", "ADA/BTC", "ETH/USDT:USDT"])
def test_a_market_the_town_has_not_has_no_past_and_no_price(symbol: str) -> None:
    past = ModelPast(town())

    assert past.bars(Need(symbol=symbol, bar_ms=HOUR_MS, count=3)) is None
    assert past.settled(symbol, 3) is None
    assert town().spot(symbol) is None


def test_settled_funding_is_what_accounts_were_paid_by() -> None:
    place = town()
    before = ModelPast(place).settled(BTC, 30)
    place.advance(FROM_MS + FUNDING_MS)
    after = ModelPast(place).settled(BTC, 30)

    assert before is not None
    assert after is not None
    assert (before.last_ms, after.last_ms) == (FROM_MS, FROM_MS + FUNDING_MS)
    assert (len(after.rates), after.interval_ms) == (30, FUNDING_MS)
    assert after.rates[:-1] == before.rates[1:]
    assert after.rates[-1] == place.market.funding_rate(FROM_MS + FUNDING_MS)
    assert len(set(after.rates)) > 3


def test_spot_is_quoted_around_the_coins_index() -> None:
    place = town()

    quote = place.spot("ADA/USDT")

    assert quote is not None
    assert quote.mark == quote.index == quote.mid == Price(place.now.index * D("0.0001"))
    assert quote.bid < quote.mid < quote.ask
    assert (quote.ask - quote.bid) / quote.mid == D("0.0002")
    assert quote.at_ms == FROM_MS
