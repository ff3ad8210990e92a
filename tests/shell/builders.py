"""A loop on the model exchange, with a venue that can be told to fail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

from bot.adapters.clock import SimClock
from bot.adapters.holdings import DeclaredHoldings
from bot.adapters.sim_venue import SimVenue
from bot.adapters.switch import NO_SWITCH
from bot.backtest.tally import Tally
from bot.core.instruments import Contract, DatedFuture, MarginMode
from bot.core.orders import OrderRequest, OrderState
from bot.core.policy import Band
from bot.core.reports import OrderReport
from bot.core.rules import HedgeRules, Kind, Meaning, Rules
from bot.core.snapshot import Holding, Position, Quote, Turnover
from bot.core.values import ZERO, Coins, Contracts, Notional, Ratio
from bot.shell.loop import Loop
from bot.shell.ports import AccountReport, Activity, VenueError
from bot.sim.exchange import Exchange
from bot.sim.told import tell_fill
from strategies.fixed_ratio import Stage
from tests.core.builders import BOOKS, guard_rules, pricing_rules, risk_rules, roll_rules
from tests.sim.builders import LINEAR, ME, D, T, quote, town


def rules(
    *,
    patience: str = "0",
    ratio: str = "1",
    stray: Literal["cancel", "adopt"] = "cancel",
    kind: Kind = Kind.PERPETUAL,
    contract_size: str | None = None,
) -> Rules:
    return Rules(
        account=ME,
        hedges=(
            HedgeRules(
                name="btc",
                asset="BTC",
                symbol=LINEAR.symbol,
                kind=kind,
                contract_size=None if contract_size is None else D(contract_size),
                meaning=Meaning.SHARE_OF_HOLDINGS,
                amount=Notional(D(0)),
                band=Band(outer=Ratio(D("0.01")), inner=Ratio(D(0))),
                stages=(Stage(ratio=D(ratio)),),
            ),
        ),
        pricing=pricing_rules(D(patience), D("0.01")),
        roll=roll_rules(),
        books=replace(BOOKS, stray_orders=stray),
        risk=risk_rules(quote_age=60, order_cap=10**6, position_cap=10**6, leverage=3),
        guard=guard_rules(margin_ratio="0.65", distance="0.2"),
    )


class FaultyVenue(SimVenue):
    """The model exchange behind a bad line: each fault is raised once, before or after the request arrived."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange, ME)
        self.before_place: list[VenueError] = []
        self.after_place: list[VenueError] = []
        self.on_account: list[VenueError] = []
        self.on_cancel: list[VenueError] = []
        self.on_activity: list[VenueError | None] = []
        self.sent: list[OrderRequest] = []
        self.taken: set[str] = set()
        """Names of the orders that the exchange ever took."""
        self.at_place: Callable[[OrderRequest], None] = lambda _request: None
        self.answer: Callable[[OrderReport], OrderReport] = lambda report: report
        """What the line makes of the exchange's answer to an order."""
        self.hidden: set[str] = set()
        """Orders that the exchange says it has no record of."""
        self.lying = False
        """Whether the exchange says that it has cancelled an order, and does not."""
        self.gone: set[str] = set()
        """Orders that it said so of."""
        self.quoted = True
        self.deaf = False
        self.refuses = False
        self.lists_positions = True
        self.second_source = True
        self.lists_expired = False

    # --- what is listed -------------------------------------------------------------------------------------

    async def dated(self, family: str) -> tuple[Contract, ...]:
        everything = [one for one in self._exchange.contracts.values() if isinstance(one, DatedFuture)]
        return tuple(everything) if self.lists_expired else await super().dated(family)

    async def turnovers(self, symbols: Sequence[str]) -> tuple[Turnover, ...]:
        return tuple(
            Turnover(symbol=symbol, volume_24h=Contracts(D(1)), open_interest=Contracts(D(1)))
            for symbol in symbols
        )

    # --- what is read ---------------------------------------------------------------------------------------

    async def account(self) -> AccountReport:
        if self.on_account:
            raise self.on_account.pop(0)
        report = await super().account()
        orders = tuple(
            order for order in report.open_orders if order.client_order_id not in self.hidden | self.gone
        )
        positions = report.positions if self.lists_positions else ()
        return replace(report, open_orders=orders, positions=positions)

    async def positions(self, symbols: Sequence[str]) -> tuple[Position, ...]:
        listed = self._exchange.positions(ME) if self.second_source else ()
        return tuple(position for position in listed if position.symbol in symbols)

    async def activity(self, cursor: int) -> Activity:
        error = self.on_activity.pop(0) if self.on_activity else None
        if error is not None:
            raise error
        return Activity(fills=(), payments=(), cursor=cursor) if self.deaf else await super().activity(cursor)

    async def quotes(self, symbols: Sequence[str]) -> tuple[Quote, ...]:
        return await super().quotes(symbols) if self.quoted else ()

    async def order(self, symbol: str, client_order_id: str) -> OrderReport | None:
        if client_order_id in self.gone:
            return _gone(symbol, client_order_id)
        return None if client_order_id in self.hidden else await super().order(symbol, client_order_id)

    # --- what is asked for ----------------------------------------------------------------------------------

    async def place(self, request: OrderRequest) -> OrderReport:
        self.at_place(request)
        if self.before_place:
            raise self.before_place.pop(0)
        self.sent.append(request)
        contract = self._exchange.contracts[request.symbol]
        if self.refuses:
            del self._exchange.contracts[request.symbol]
        report = await super().place(request)
        self._exchange.contracts[request.symbol] = contract
        if report.state is not OrderState.REJECTED:
            self.taken.add(request.client_order_id)
        if self.after_place:
            raise self.after_place.pop(0)
        return self.answer(report)

    async def cancel(self, symbol: str, client_order_id: str) -> OrderReport:
        if self.on_cancel:
            raise self.on_cancel.pop(0)
        if self.lying:
            self.gone.add(client_order_id)
            return _gone(symbol, client_order_id)
        return await super().cancel(symbol, client_order_id)

    def by_hand(self, request: OrderRequest) -> None:
        """Trade on the account behind the back of the house."""
        self._exchange.place(ME, request)


def _gone(symbol: str, client_order_id: str) -> OrderReport:
    return OrderReport(
        client_order_id=client_order_id, symbol=symbol, state=OrderState.CANCELLED, filled=Contracts(D(0))
    )


@dataclass
class Spoken:
    """Keeps what was logged."""

    bound: dict[str, object] = field(default_factory=dict)
    lines: list[dict[str, object]] = field(default_factory=list)

    def bind(self, **bound: object) -> "Spoken":
        return Spoken(self.bound | bound, self.lines)

    def info(self, event: str, **figures: object) -> None:
        self.lines.append(self.bound | figures | {"event": event, "level": "info"})

    def debug(self, event: str, **figures: object) -> None:
        self.lines.append(self.bound | figures | {"event": event, "level": "debug"})

    def warning(self, event: str, **figures: object) -> None:
        self.lines.append(self.bound | figures | {"event": event, "level": "warning"})


@dataclass
class House:
    """Everything around one loop."""

    exchange: Exchange
    venue: FaultyVenue
    journal: Tally
    clock: SimClock
    loop: Loop
    log: Spoken

    def price(self, bid: str, ask: str | None = None, *, seconds: int = 1) -> None:
        self.clock.turn_to(self.clock.now_ms() + seconds * 1000)
        self.exchange.quote(quote(LINEAR, bid, ask, at_ms=self.clock.now_ms()))

    def held(self) -> Decimal:
        return sum((position.contracts for position in self.exchange.positions(ME)), D(0))

    def agrees(self) -> bool:
        """Whether the books expect what the exchange holds (I1)."""
        there = {p.symbol: p.contracts for p in self.exchange.positions(ME) if p.contracts}
        return self.journal.held() == there

    def told(self) -> list[str]:
        """Kinds of the incidents that a person was told of."""
        return [str(line["incident"]) for line in self.log.lines if "incident" in line]

    async def answers(self, count: int) -> list[str]:
        return [(await self.loop.step()).decision.explanations[0].answer for _ in range(count)]

    async def why(self) -> str:
        """Step, and give the reason of the answer."""
        return (await self.loop.step()).decision.explanations[0].why


def tell(home: House, contract: Contract, contracts: str, name: str, realised: Decimal = ZERO) -> None:
    """Tell the owner of a fill that the exchange's own engine knows nothing of."""
    tell_fill(
        home.exchange.activity[ME],
        ME,
        home.clock.now_ms(),
        client_order_id=name,
        symbol=contract.symbol,
        signed=D(contracts),
        price=D(50000),
        realised=realised,
        fee=D(0),
        maker=False,
    )


async def house(
    *,
    patience: str = "0",
    coins: str = "1",
    journal: Tally | None = None,
    exchange: Exchange | None = None,
    margin_mode: MarginMode = "cross",
    leverage: int = 10,
    accept_terms: bool = False,
    ruled: Rules | None = None,
    at_ms: int = T,
) -> House:
    """Open a house, or open it again on what is left of it: its journal, its exchange."""
    clock, log, kept = SimClock(at_ms), Spoken(), journal or Tally()
    if exchange is None:
        exchange = town(margin_mode=margin_mode)
        exchange.accounts[ME].leverage = D(leverage)
    venue = FaultyVenue(exchange)
    loop = Loop(
        rules=ruled or rules(patience=patience),
        venue=venue,
        holdings=DeclaredHoldings((Holding(asset="BTC", coins=Coins(D(coins)), place="declared"),)),
        journal=kept,
        clock=clock,
        log=log,
        switch=NO_SWITCH,
        accept_terms=accept_terms,
    )
    await loop.start()
    return House(exchange, venue, kept, clock, loop, log)
