"""What a picture says of things it lacks."""

import pytest

from bot.core.values import ZERO
from tests.core.builders import INVERSE, LINEAR, D, linear_contract, snapshot, working_order


def test_a_position_and_a_wallet_the_venue_did_not_list_are_empty() -> None:
    picture = snapshot(LINEAR, held=-1)

    assert picture.position(LINEAR.symbol).contracts == D(-1)
    assert (picture.position(INVERSE.symbol).contracts, picture.wallet("BTC").balance) == (ZERO, ZERO)
    assert picture.coins_held("ETH") == ZERO


@pytest.mark.parametrize("look_up", ["contract", "quote"])
def test_a_contract_or_price_that_is_missing_is_an_error(look_up: str) -> None:
    with pytest.raises(KeyError, match=INVERSE.symbol):
        getattr(snapshot(LINEAR), look_up)(INVERSE.symbol)


def test_orders_and_what_they_may_fill_belong_to_their_contract() -> None:
    ether = linear_contract(base="ETH")
    orders = [working_order("sell", 3, filled=1), working_order("buy", 5, contract=ether)]
    picture = snapshot(LINEAR, working=orders)

    assert picture.working_on(LINEAR.symbol) == (orders[0],)
    assert (picture.in_flight(LINEAR.symbol), picture.in_flight(ether.symbol)) == (D(-2), D(5))
    assert picture.in_flight(INVERSE.symbol) == ZERO
