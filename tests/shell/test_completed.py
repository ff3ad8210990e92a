"""What a venue does not tell is told by the books: realised profit, deposits, and where the cursor is."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.adapters.clock import SimClock
from bot.adapters.journal import SqlJournal
from bot.adapters.switch import NO_SWITCH
from bot.core.instruments import settle_of
from bot.core.reports import Fill
from bot.core.snapshot import Position, Wallet
from bot.core.values import ZERO, Contracts, Money, Price, Ratio, Side
from bot.shell.lookup import hear
from bot.shell.observe import _completed
from bot.shell.ports import AccountReport, Activity, Hall
from bot.sim.exchange import Exchange
from tests.adapters.builders import activity, open_at, payment
from tests.shell.builders import FaultyVenue, Spoken
from tests.sim.builders import T, town

D = Decimal
LINEAR, INVERSE, DATED = "BTC/USDT:USDT", "BTC/USD:BTC", "BTC/USDT:USDT-260327"


@pytest.mark.parametrize(
    ("symbol", "settle"),
    [
        ("BTC/USDT:USDT", "USDT"),
        ("BTC/USD:BTC", "BTC"),
        ("BTC/USDT:USDT-260327", "USDT"),
        ("BTC/USD:BTC-261225", "BTC"),
        ("ETH/USD:ETH", "ETH"),
    ],
)
def test_what_a_contract_settles_in_is_read_off_its_symbol(symbol: str, settle: str) -> None:
    assert settle_of(symbol) == settle


def fill(number: str, symbol: str, realised: str) -> Fill:
    return Fill(
        fill_id=number,
        client_order_id="hr-0-1-h0",
        symbol=symbol,
        side=Side.SELL,
        contracts=Contracts(D("0.1")),
        price=Price(D(60_000)),
        fee=Money(D("0.5")),
        realised_pnl=Money(D(realised)),
        maker=False,
        at_ms=T,
    )


def position(symbol: str, contracts: str) -> Position:
    return Position(
        symbol=symbol,
        contracts=Contracts(D(contracts)),
        entry_price=Price(D(60_000)),
        realised_pnl=Money(ZERO),
        liquidation_price=Price(D(90_000)),
        adl_rank=2,
    )


def wallet(asset: str, balance: str) -> Wallet:
    return Wallet(
        asset=asset,
        balance=Money(D(balance)),
        deposited=Money(ZERO),
        spare=Money(D(7)),
        collateral_share=Ratio(D("0.95")),
    )


def report(
    positions: tuple[Position, ...], wallets: tuple[Wallet, ...], *, cumulative: bool = False
) -> AccountReport:
    return AccountReport(
        at_ms=T,
        wallets=wallets,
        positions=positions,
        open_orders=(),
        margin_mode="cross",
        leverage=D(3),
        cumulative=cumulative,
    )


def booked(path: Path, *fills: Fill) -> SqlJournal:
    """Open books in which these fills stand."""
    journal = open_at(path / "books.sqlite")
    journal.heard(activity(fills=fills, cursor=T), T)
    return journal


BOOKED = (
    fill("1", LINEAR, "100"),
    fill("2", LINEAR, "-30.5"),
    fill("3", DATED, "4"),
    fill("4", INVERSE, "-0.02"),
)


def test_positions_realised_what_the_books_say(tmp_path: Path) -> None:
    account = report((position(LINEAR, "-0.5"), position("ETH/USDT:USDT", "-3")), ())
    with booked(tmp_path, *BOOKED) as journal:
        done = _completed(account, journal)

    told = {one.symbol: one.realised_pnl for one in done.positions}
    assert told == {LINEAR: D("69.5"), "ETH/USDT:USDT": ZERO, DATED: D(4), INVERSE: D("-0.02")}


def test_a_contract_that_is_held_no_more_is_listed_as_flat_with_what_it_realised(tmp_path: Path) -> None:
    with booked(tmp_path, *BOOKED) as journal:
        done = _completed(report((position(LINEAR, "-0.5"),), ()), journal)

    told = {one.symbol: one.contracts for one in done.positions}
    assert told == {LINEAR: D("-0.5"), DATED: ZERO, INVERSE: ZERO}


def test_the_rest_of_a_position_and_of_a_wallet_stays_the_venues_word(tmp_path: Path) -> None:
    before = report((position(LINEAR, "-0.5"),), (wallet("USDT", "1000"),))
    with booked(tmp_path, fill("1", LINEAR, "100")) as journal:
        done = _completed(before, journal)

    assert done.positions == (replace(before.positions[0], realised_pnl=Money(D(100))),)
    assert done.wallets == (replace(before.wallets[0], deposited=Money(D(900))),)
    assert replace(done, positions=(), wallets=()) == replace(before, positions=(), wallets=())


@pytest.mark.parametrize(
    ("asset", "balance", "deposited"),
    [
        # deposits are what is there less what all contracts that settle in the coin realised
        ("USDT", "1000", "926.5"),
        ("BTC", "2", "2.02"),
        ("ETH", "5", "5"),
    ],
)
def test_what_was_deposited_is_the_balance_less_all_profit_in_that_coin(
    tmp_path: Path, asset: str, balance: str, deposited: str
) -> None:
    with booked(tmp_path, *BOOKED) as journal:
        done = _completed(report((), (wallet(asset, balance),)), journal)

    assert done.wallets[0].deposited == D(deposited)


def test_a_venue_that_tells_all_is_believed(tmp_path: Path) -> None:
    account = report((position(LINEAR, "-0.5"),), (wallet("USDT", "1000"),), cumulative=True)
    with booked(tmp_path, *BOOKED) as journal:
        assert _completed(account, journal) == account


def test_with_empty_books_all_of_a_balance_was_deposited(tmp_path: Path) -> None:
    with open_at(tmp_path / "books.sqlite") as journal:
        done = _completed(report((position(LINEAR, "-1"),), (wallet("USDT", "1000"),)), journal)

    assert done.wallets[0].deposited == D(1000)
    assert [one.realised_pnl for one in done.positions] == [ZERO]


# --- the cursor -----------------------------------------------------------------------------------------------


class Telling(FaultyVenue):
    """A venue that tells what it is told to tell, and writes down from where it was asked."""

    def __init__(self, exchange: Exchange, *told: Activity) -> None:
        super().__init__(exchange)
        self.told = list(told)
        self.asked: list[int] = []

    async def activity(self, cursor: int) -> Activity:
        self.asked.append(cursor)
        return self.told.pop(0)


def hall(journal: SqlJournal, venue: Telling) -> Hall:
    return Hall(venue=venue, journal=journal, clock=SimClock(T), log=Spoken(), switch=NO_SWITCH)


async def test_a_cursor_that_moved_without_news_is_written_down(tmp_path: Path) -> None:
    venue = Telling(town(), activity(cursor=50), activity(cursor=90), activity(cursor=90))
    with open_at(tmp_path / "books.sqlite") as journal:
        heard = [await hear(hall(journal, venue)) for _ in range(3)]

        assert heard == [(), (), ()]
        assert venue.asked == [0, 50, 90]
        assert journal.cursor() == 90
    with open_at(tmp_path / "books.sqlite") as again:
        assert again.cursor() == 90


async def test_nothing_is_written_where_there_is_no_news_and_the_cursor_stands(tmp_path: Path) -> None:
    venue = Telling(town(), activity(cursor=50), activity(cursor=50))
    with open_at(tmp_path / "books.sqlite") as journal:
        await hear(hall(journal, venue))
        before = journal.stamp()

        await hear(hall(journal, venue))

        assert journal.stamp() == before


async def test_news_with_a_cursor_that_stands_is_written_and_told_once(tmp_path: Path) -> None:
    one = fill("1", LINEAR, "5")
    told = activity(fills=(one,), payments=(payment("p"),), cursor=50)
    venue = Telling(town(), activity(cursor=50), told, told)
    with open_at(tmp_path / "books.sqlite") as journal:
        heard = [await hear(hall(journal, venue)) for _ in range(3)]

        assert heard == [(), (one,), ()]
        assert journal.realised() == {LINEAR: D(5)}


async def test_a_cursor_never_goes_back(tmp_path: Path) -> None:
    venue = Telling(town(), activity(cursor=50), activity(cursor=20), activity(cursor=60))
    with open_at(tmp_path / "books.sqlite") as journal:
        for _ in range(3):
            await hear(hall(journal, venue))

        assert venue.asked == [0, 50, 50]
        assert journal.cursor() == 60
