"""A spot market's best prices as a quote."""

from decimal import Decimal

import pytest

from bot.adapters.venues.answers import ShapeError
from bot.adapters.venues.spot import spot_quote

D = Decimal
BEST = {"bidPrice": "0.7000", "bidQty": "120", "askPrice": "0.7004", "askQty": "80"}


def test_mark_and_index_are_half_way_between_bid_and_ask() -> None:
    quote = spot_quote("ADA/USDT", 7, BEST)

    assert quote is not None
    assert (quote.symbol, quote.at_ms) == ("ADA/USDT", 7)
    assert (quote.bid, quote.ask) == (D("0.7000"), D("0.7004"))
    assert (quote.bid_contracts, quote.ask_contracts) == (D(120), D(80))
    assert quote.mark == quote.index == quote.mid == D("0.7002")


@pytest.mark.parametrize("side", ["bidPrice", "askPrice"])
@pytest.mark.parametrize("price", ["0", "", None, "-1"])
def test_a_market_with_an_empty_side_has_no_price(side: str, price: str | None) -> None:
    assert spot_quote("ADA/USDT", 7, {**BEST, side: price}) is None


@pytest.mark.parametrize("name", BEST)
@pytest.mark.parametrize("value", ["much", "NaN", "Infinity"])
def test_what_is_no_number_is_no_answer(name: str, value: str) -> None:
    with pytest.raises(ShapeError):
        spot_quote("ADA/USDT", 7, {**BEST, name: value})
