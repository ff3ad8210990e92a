"""Hedges cut from flat to flat, as tables that can be added up by hand."""

from decimal import Decimal

import pytest

from bot.adapters.journal_episodes import Told, episodes_of
from bot.core.books import Incident
from bot.core.instruments import Contract
from bot.core.reports import Fill, Payment
from bot.core.values import Contracts, Money, Price, Side
from tests.core.builders import INVERSE, LINEAR, D, T, dated

NEAR, FAR = dated(LINEAR, 240), dated(LINEAR, 2400, code="260626")


def fill(contract: Contract, signed: str, price: str, at: int, pnl: str | None = "0", fee: str = "1") -> Fill:
    return Fill(
        fill_id=f"f{at}",
        client_order_id=f"o{at}",
        symbol=contract.symbol,
        side=Side.BUY if D(signed) > 0 else Side.SELL,
        contracts=Contracts(abs(D(signed))),
        price=Price(D(price)),
        fee=Money(D(fee)),
        realised_pnl=None if pnl is None else Money(D(pnl)),
        maker=False,
        at_ms=T + at,
    )


def paid(contract: Contract, amount: str, at: int, kind: str = "funding") -> Payment:
    return Payment(
        payment_id=f"p{at}",
        kind=kind,  # type: ignore[arg-type]  # one of its words
        symbol=contract.symbol,
        asset=contract.settle,
        amount=Money(D(amount)),
        at_ms=T + at,
    )


def known(symbol: str) -> Contract:
    return {one.symbol: one for one in (LINEAR, INVERSE, NEAR, FAR)}[symbol]


def test_a_linear_hedge_is_added_up_from_its_first_sale_to_its_last_purchase() -> None:
    told: list[Told] = [
        fill(LINEAR, "-1", "50000", 1),
        fill(LINEAR, "-1", "52000", 2),
        paid(LINEAR, "5", 3),
        fill(LINEAR, "2", "48000", 4, pnl="6000"),
        paid(LINEAR, "7", 5),
        fill(LINEAR, "-3", "40000", 6),
    ]

    first, second = episodes_of(told, known)

    assert (first.opened_ms, first.closed_ms) == (T + 1, T + 4)
    assert [first.entry_price, first.exit_price, first.coins_max] == [D(51_000), D(48_000), D(2)]
    assert [first.realised, first.funding, first.fees] == [D(6000), D(5), D(3)]
    assert (first.first_order, first.last_order) == ("o1", "o4")
    assert second.closed_ms is None
    assert second.exit_price is None
    assert second.entry_price == D(40_000)
    assert second.funding == 0, "what was paid between two hedges is neither's"


def test_an_inverse_hedge_has_a_harmonic_price_and_its_profit_is_reckoned_where_nobody_tells_it() -> None:
    """Theory, section 2: 1,000 at 5,000 then 2,000 at 6,000 is 5,625."""
    told = [
        fill(INVERSE, "-10", "5000", 1, pnl=None, fee="0.001"),
        fill(INVERSE, "-20", "6000", 2, pnl=None, fee="0.001"),
        fill(INVERSE, "30", "4500", 3, pnl=None, fee="0.001"),
    ]

    (one,) = episodes_of(told, known)

    assert round(one.entry_price, 8) == 5625
    assert one.exit_price == 4500
    assert one.realised == pytest.approx(Decimal(3000) / 4500 - Decimal(3000) / 5625, abs=Decimal("1e-12"))
    assert one.linear is False
    assert one.settle == "BTC"


def test_a_roll_is_one_hedge_in_two_contracts() -> None:
    told = [
        fill(NEAR, "-1", "50000", 1),
        fill(NEAR, "1", "51000", 2, pnl="-1000"),
        fill(FAR, "-1", "51500", 2),
        fill(FAR, "1", "50500", 3, pnl="1000"),
    ]

    (one,) = episodes_of(told, known)

    assert one.symbols == (NEAR.symbol, FAR.symbol)
    assert one.closed_ms == T + 3
    assert one.realised == D(0)


def test_a_position_that_another_hand_closed_ends_the_hedge() -> None:
    gone = Incident(
        kind="position_moved", key="k", symbol=LINEAR.symbol, text="moved", rebased=Contracts(D(1))
    )
    told: list[Told] = [
        fill(LINEAR, "-1", "50000", 1),
        paid(LINEAR, "-200", 2, "liquidation"),
        (gone, T + 3),
    ]

    (one,) = episodes_of(told, known)

    assert one.closed_ms == T + 3
    assert one.exit_price is None
    assert one.realised == D(-200)
