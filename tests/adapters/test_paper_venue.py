"""A model account at a real venue's prices: the venue is only ever read, and never knows that anybody trades."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot import wiring_paper
from bot.adapters.budget import Budget
from bot.adapters.ccxt_venue import Access, Catalogue, CcxtApi
from bot.adapters.log import SilentLog
from bot.adapters.paper_venue import PaperVenue, with_tiers
from bot.adapters.remote_venue import RemoteVenue
from bot.adapters.venues.manners import MANNERS, manner_of
from bot.adapters.venues.table import VENUES, hosts_of
from bot.core.instruments import Contract, DatedFuture
from bot.core.lookback import Need
from bot.core.orders import OrderRequest, OrderState, TimeInForce, client_order_id
from bot.core.reports import SETTLEMENT_ID, Fill, Payment
from bot.core.snapshot import Transfer
from bot.core.values import ZERO, Contracts, Money, Price, Side
from bot.looks import OpenAccount
from bot.settings import Settings
from bot.shell.ports import NotListedError, VenueError
from bot.sim.exchange import Exchange
from bot.testexchange.dialects import DIALECTS
from bot.testexchange.faults import Fault
from bot.wiring_paper import priced_accounts
from bot.wiring_street import Scenario
from bot.wiring_venues import access_of
from tests.contract.doors import PERPETUALS, StreetClock
from tests.testexchange.street import FROM_MS, Street, open_street

D = Decimal
HERE = tuple(name for name in MANNERS if name in DIALECTS)
DATED_HERE = tuple(name for name in HERE if any("dated" in kind for kind in VENUES[name].kinds))
PUBLIC = frozenset(
    {
        "time",
        "contracts",
        "spot_contracts",
        "currencies",
        "tickers",
        "premium",
        "book",
        "ticker_24h",
        "open_interest",
        "candles",
        "funding_info",
        "funding_history",
        "funding",
        "tiers",
        "spot_tickers",
        "spot_candles",
        "depth",
        "ticker",
    }
)
"""What everybody may ask."""


@dataclass
class Paper:
    """A paper account, and the street whose prices it goes by."""

    name: str
    street: Street
    clock: StreetClock
    source: RemoteVenue
    exchange: Exchange
    venue: PaperVenue
    symbol: str
    numbers: int = 0

    def touch(self, symbol: str = "") -> tuple[Price, Price]:
        """Give the venue's best prices."""
        quote = self.street.office.exchange.touches[symbol or self.symbol].quote
        return quote.bid, quote.ask

    def contract(self, symbol: str = "") -> Contract:
        """Give a contract of the model exchange."""
        return self.exchange.contracts[symbol or self.symbol]

    def order(
        self, side: Side, size: Decimal, price: Decimal, tif: TimeInForce, symbol: str = ""
    ) -> OrderRequest:
        """Make an order."""
        self.numbers += 1
        return OrderRequest(
            client_order_id=client_order_id("main", "btc", self.numbers, "hedge", 0),
            symbol=symbol or self.symbol,
            side=side,
            contracts=Contracts(size),
            limit_price=Price(price),
            time_in_force=tif,
            reduce_only=False,
        )

    async def sell(self, steps: int = 20, symbol: str = "") -> OrderRequest:
        """Sell at the venue's bid of now."""
        await self.venue.quotes((symbol or self.symbol,))
        size = steps * self.contract(symbol).contracts_step
        size = max(size, self.contract(symbol).contracts_min)
        request = self.order(Side.SELL, size, self.touch(symbol)[0], TimeInForce.IOC, symbol)
        assert (await self.venue.place(request)).state is OrderState.FILLED
        return request

    def operations(self) -> set[str]:
        """List what the venue was asked."""
        return {self.street.dialect.operation(request) for request, _ in self.street.heard}


@asynccontextmanager
async def open_paper(name: str, scenario: Scenario = "calm", *, dated: bool = False) -> AsyncIterator[Paper]:
    """Open a street, and a paper account that goes by its prices, without a key."""
    symbol = PERPETUALS[name]
    async with open_street(name, scenario=scenario) as street:
        street.office.turn(FROM_MS)
        source, clock = source_of(name, street), StreetClock(street)
        await source.open()
        told = await (source.dated(symbol) if dated else source.contracts((symbol,)))
        contracts = tuple(with_tiers(one) for one in told)
        exchange = Exchange(contracts)
        exchange.at_ms = FROM_MS
        exchange.open_account("main", "cross", D(3))
        settle = contracts[0].settle
        exchange.deposit("main", settle, Money(D(100_000) if settle == "USDT" else D(2)))
        exchange.reserve("main", settle, Money(D(1)))
        try:
            venue = PaperVenue(source, exchange, "main", clock)
            yield Paper(name, street, clock, source, exchange, venue, contracts[0].symbol)
        finally:
            await source.close()


def source_of(name: str, street: Street) -> RemoteVenue:
    """Make the way to a venue for somebody without a key."""
    facts, clock = VENUES[name], StreetClock(street)
    api = CcxtApi(
        Access(venue=name, mode="local", address=street.address),
        manner_of(name),
        clock,
        Budget(facts.weight_max, facts.window_ms, clock),
        Catalogue(),
    )
    return RemoteVenue(api, manner_of(name), clock, {})


@pytest.fixture(params=HERE)
async def paper(request: pytest.FixtureRequest) -> AsyncIterator[Paper]:
    async with open_paper(request.param) as opened:
        yield opened


# --- prices are the venue's, orders are not -------------------------------------------------------------------


async def test_prices_contracts_and_funding_are_the_venues(paper: Paper) -> None:
    (contract,) = await paper.venue.contracts((paper.symbol,))
    (quote,) = await paper.venue.quotes((paper.symbol,))
    (funding,) = await paper.venue.funding((paper.symbol,))
    real = paper.street.office.exchange.contracts[paper.symbol]

    assert (contract.contract_size, contract.contracts_step, contract.price_tick) == (
        real.contract_size,
        real.contracts_step,
        real.price_tick,
    )
    assert contract.tiers
    assert (quote.bid, quote.ask) == paper.touch()
    assert funding.next_at_ms == paper.street.office.world.next_funding(paper.symbol).next_at_ms


async def test_spot_prices_and_the_past_are_the_venues_and_need_no_key(paper: Paper) -> None:
    need = Need(symbol="BTC/USDT", bar_ms=3_600_000, count=5)

    (spot,) = await paper.venue.quotes(("BTC/USDT",))
    (bars,) = await paper.venue.bars((need,))
    (settled,) = await paper.venue.settled((paper.symbol,), 5)

    assert spot.mid == pytest.approx(paper.street.office.exchange.indices["BTC"])
    assert (len(bars.closes), len(settled.rates)) == (5, 5)
    assert "BTC/USDT" not in {*paper.exchange.contracts, *paper.exchange.touches}
    assert paper.operations() <= PUBLIC


async def test_an_order_fills_at_the_venues_price_and_the_venue_never_hears_of_it(paper: Paper) -> None:
    cursor = (await paper.venue.activity(0)).cursor
    request = await paper.sell()
    heard = await paper.venue.activity(cursor)
    account = await paper.venue.account()
    found = await paper.venue.order(paper.symbol, request.client_order_id)

    assert [(fill.client_order_id, fill.price) for fill in heard.fills] == [
        (request.client_order_id, request.limit_price)
    ]
    assert [position.contracts for position in account.positions] == [-request.contracts]
    assert found is not None
    assert found.state is OrderState.FILLED
    assert paper.street.office.orders("main") == ()
    assert paper.operations() <= PUBLIC


async def test_no_request_bears_a_key_or_a_signature(paper: Paper) -> None:
    await paper.sell()
    await paper.venue.account()
    await paper.venue.turnovers((paper.symbol,))
    await paper.venue.volatilities((paper.symbol,))

    for request, _ in paper.street.heard:
        whole = f"{request.path}?{request.query} {request.headers} {request.body}".lower()
        assert "signature" not in whole
        assert "test-key" not in whole
        assert request.method == "GET"


async def test_an_order_that_the_source_was_asked_to_place_does_not_work(paper: Paper) -> None:
    await paper.source.contracts((paper.symbol,))
    request = paper.order(
        Side.SELL, 20 * paper.contract().contracts_step, paper.touch()[1], TimeInForce.POST_ONLY
    )

    try:
        report = await paper.source.place(request)
    except VenueError:
        report = None

    assert report is None or report.state is OrderState.REJECTED
    assert paper.street.office.orders("main") == ()


async def test_a_resting_order_fills_when_the_venues_price_comes_to_it(paper: Paper) -> None:
    await paper.venue.quotes((paper.symbol,))
    bid, ask = paper.touch()
    tick = paper.contract().price_tick
    size = 20 * paper.contract().contracts_step
    near = paper.order(Side.SELL, size, ask + tick, TimeInForce.POST_ONLY)
    await paper.venue.place(near)
    assert bid < ask + tick

    for _ in range(240):
        paper.street.pass_time(60)
        found = await paper.venue.order(paper.symbol, near.client_order_id)
        assert found is not None
        if found.state is OrderState.FILLED:
            break
    else:
        pytest.fail("the price never came")

    assert paper.touch()[0] >= ask + tick


async def test_a_resting_order_is_taken_back_at_the_model_exchange(paper: Paper) -> None:
    await paper.venue.quotes((paper.symbol,))
    far = paper.touch()[1] + 500 * paper.contract().price_tick
    request = paper.order(Side.SELL, 20 * paper.contract().contracts_step, far, TimeInForce.POST_ONLY)
    await paper.venue.place(request)

    report = await paper.venue.cancel(paper.symbol, request.client_order_id)

    assert report.state is OrderState.CANCELLED
    assert (await paper.venue.account()).open_orders == ()


async def test_margin_moves_between_the_model_accounts_wallets_only(paper: Paper) -> None:
    settle = paper.contract().settle
    report = await paper.venue.transfer("hr-1-1-t", settle, Money(D("0.5")))
    asked = Transfer(transfer_id="hr-1-1-t", asset=settle, amount=Money(D("0.5")), since_ms=FROM_MS)
    found = await paper.venue.transfer_of(asked)

    assert report.state == "done"
    assert found is not None
    assert paper.operations() <= PUBLIC


async def test_prices_are_asked_for_once_a_second_at_most(paper: Paper) -> None:
    await paper.venue.account()
    asked = len(paper.street.heard)
    moment = paper.clock.now_ms()

    for _ in range(5):
        await paper.venue.account()
        await paper.venue.activity(0)

    assert paper.clock.now_ms() == moment
    assert len(paper.street.heard) == asked


async def test_a_venue_that_is_gone_is_an_error_and_the_account_is_still_there(paper: Paper) -> None:
    await paper.sell()
    paper.street.pass_time(5)
    paper.street.faults.queue("any", Fault.HTML_AFTER)

    with pytest.raises(VenueError):
        await paper.venue.account()
    paper.street.pass_time(5)
    account = await paper.venue.account()

    assert len(account.positions) == 1


async def test_a_contract_that_is_not_listed_is_told_as_that(paper: Paper) -> None:
    with pytest.raises(NotListedError):
        await paper.venue.contracts(("DOGE/USDT:USDT",))


# --- funding --------------------------------------------------------------------------------------------------


async def test_funding_is_booked_once_at_its_time_with_the_venues_rate(paper: Paper) -> None:
    request = await paper.sell()
    await paper.venue.account()
    due = paper.street.office.world.next_funding(paper.symbol)
    paper.street.now_ms = due.next_at_ms - 1_500
    await paper.venue.account()
    cursor = (await paper.venue.activity(0)).cursor
    told = paper.venue._next[paper.symbol]  # noqa: SLF001 - what it waits for
    paper.street.now_ms = due.next_at_ms + 500

    heard: list[Payment] = []
    for _ in range(6):
        activity = await paper.venue.activity(cursor)
        cursor = activity.cursor
        heard += activity.payments
        paper.street.pass_time(45)

    (payment,) = heard
    contract = paper.contract()
    assert (payment.kind, payment.at_ms, payment.asset) == ("funding", due.next_at_ms, contract.settle)
    mark = paper.exchange.marks[paper.symbol]
    value = contract.value(request.contracts, mark)
    assert payment.amount == pytest.approx(told.rate * value, rel=D("0.02"))


async def test_every_settlement_that_was_waited_for_is_booked(paper: Paper) -> None:
    await paper.sell()
    cursor = (await paper.venue.activity(0)).cursor
    times: list[int] = []
    for _ in range(25):
        paper.street.pass_time(3600)
        activity = await paper.venue.activity(cursor)
        cursor = activity.cursor
        times += [payment.at_ms for payment in activity.payments]

    assert len(times) == len(set(times)) == 3
    assert [at_ms % 28_800_000 for at_ms in times] == [0, 0, 0]


# --- dated contracts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DATED_HERE)
async def test_a_dated_contract_settles_at_its_end_and_the_next_is_listed(name: str) -> None:
    async with open_paper(name, scenario="roll", dated=True) as paper:
        near, far = (await paper.venue.dated(PERPETUALS[name]))[:2]
        assert isinstance(near, DatedFuture)
        assert isinstance(far, DatedFuture)
        request = await paper.sell(symbol=near.symbol)
        cursor = (await paper.venue.activity(0)).cursor
        fills: list[Fill] = []
        while paper.clock.now_ms() < near.expiry_ms + 600_000:
            paper.street.pass_time(1_800)
            activity = await paper.venue.activity(cursor)
            cursor = activity.cursor
            fills += activity.fills
        later = await paper.venue.dated(PERPETUALS[name])

        assert [(one.client_order_id, one.contracts) for one in fills] == [(SETTLEMENT_ID, request.contracts)]
        assert [one for one in (await paper.venue.account()).positions if one.contracts != ZERO] == []
        assert near.symbol not in {one.symbol for one in later}
        assert far.symbol in {one.symbol for one in later}
        assert paper.operations() <= PUBLIC


# --- the front door, and restarts -----------------------------------------------------------------------------


def settings(name: str, folder: Path) -> Settings:
    """Hedge half a coin on paper, at a venue's prices."""
    symbol = PERPETUALS[name]
    return Settings.model_validate(
        {
            "mode": "paper",
            "journal": {"path": f"{folder}/paper.sqlite"},
            "accounts": {"main": {"venue": name, "deposit": 100_000 if symbol.endswith("USDT") else 2}},
            "hedges": {
                "btc": {
                    "account": "main",
                    "asset": "BTC",
                    "symbol": symbol,
                    "holdings": "0.5",
                    "policy": [{"stage": "fixed_ratio", "ratio": "1"}],
                }
            },
        }
    )


@pytest.mark.parametrize("name", HERE)
async def test_a_paper_hedge_is_there_again_after_a_restart_and_the_books_agree(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_street(name) as street:
        street.office.turn(FROM_MS)
        clock, chosen = StreetClock(street), settings(name, tmp_path)
        reach(monkeypatch, street)
        async with priced_accounts(chosen, clock, SilentLog()) as (account,):
            await account.loop.start()
            await minutes(account, street, 40)
            first = await account.loop._hall.venue.account()  # noqa: SLF001 - what the account holds
        street.pass_time(3600)
        async with priced_accounts(chosen, clock, SilentLog()) as (account,):
            await account.loop.start()
            hall = account.loop._hall  # noqa: SLF001 - the same
            again = await hall.venue.account()
            await minutes(account, street, 3)
            (held,) = (await hall.venue.account()).positions

            assert [one.contracts for one in first.positions] == [one.contracts for one in again.positions]
            assert hall.journal.held() == {held.symbol: held.contracts}
            assert held.contracts < ZERO
        operations = {street.dialect.operation(request) for request, _ in street.heard}
        assert street.office.orders("main") == ()
        assert operations <= PUBLIC


async def minutes(account: OpenAccount, street: Street, count: int) -> None:
    """Let minutes pass, with a look at each."""
    for _ in range(count):
        await account.loop.poll(60_000)
        street.pass_time(60)


def reach(monkeypatch: pytest.MonkeyPatch, street: Street) -> None:
    """Let the way to the venue end at the street: paper accounts go to the real one."""

    def near(settings: Settings, account: str) -> Access:
        found = access_of(settings, account)
        assert found.address is None
        return replace(found, address=street.address)

    monkeypatch.setattr(wiring_paper, "access_of", near)


def test_paper_prices_come_from_the_live_hosts_and_need_no_key() -> None:
    for name in HERE:
        found = access_of(settings(name, Path()), "main")

        assert hosts_of(found.venue, found.mode) == VENUES[name].hosts_live
        assert (found.api_key, found.api_secret, found.passphrase, found.address) == ("", "", "", None)
