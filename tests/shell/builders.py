"""A loop on the model exchange, with a venue that can be told to fail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from bot.adapters.clock import SimClock
from bot.adapters.holdings import DeclaredHoldings
from bot.adapters.sim_venue import SimVenue
from bot.backtest.tally import Tally
from bot.core.instruments import MarginMode
from bot.core.orders import OrderRequest
from bot.core.policy import Band
from bot.core.reports import OrderReport
from bot.core.rules import HedgeRules, Meaning, PricingRules, RiskRules, Rules
from bot.core.snapshot import Holding, Quote
from bot.core.values import Coins, Notional, Ratio
from bot.shell.loop import Loop
from bot.shell.ports import AccountReport, Activity, VenueError
from bot.sim.exchange import Exchange
from strategies.fixed_ratio import Stage
from tests.sim.builders import LINEAR, ME, D, T, quote, town


def rules(*, patience: str = "0", ratio: str = "1") -> Rules:
    return Rules(
        account=ME,
        hedges=(
            HedgeRules(
                name="btc",
                asset="BTC",
                symbol=LINEAR.symbol,
                meaning=Meaning.SHARE_OF_HOLDINGS,
                amount=Notional(D(0)),
                band=Band(outer=Ratio(D("0.01")), inner=Ratio(D(0))),
                stages=(Stage(ratio=D(ratio)),),
            ),
        ),
        pricing=PricingRules(patience_seconds=D(patience), slippage_max=Ratio(D("0.01"))),
        risk=RiskRules(
            quote_age_seconds_max=D(60),
            order_notional_max=Notional(D(10) ** 6),
            position_notional_max=Notional(D(10) ** 6),
            leverage_max=D(3),
            margin_ratio_stop=Ratio(D("0.65")),
            liquidation_distance_stop=Ratio(D("0.2")),
        ),
    )


class FaultyVenue(SimVenue):
    """The model exchange behind a bad line: each fault is raised once, before or after the request arrived."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange, ME)
        self.before_place: list[VenueError] = []
        self.after_place: list[VenueError] = []
        self.on_account: list[VenueError] = []
        self.sent: list[OrderRequest] = []
        self.hidden: set[str] = set()
        self.at_place: Callable[[OrderRequest], None] = lambda _request: None
        self.quoted = True
        self.deaf = False
        self.on_activity: list[VenueError | None] = []

    async def account(self) -> AccountReport:
        if self.on_account:
            raise self.on_account.pop(0)
        return await super().account()

    async def activity(self, cursor: int) -> Activity:
        error = self.on_activity.pop(0) if self.on_activity else None
        if error is not None:
            raise error
        return Activity(fills=(), payments=(), cursor=cursor) if self.deaf else await super().activity(cursor)

    async def quotes(self, symbols: Sequence[str]) -> tuple[Quote, ...]:
        return await super().quotes(symbols) if self.quoted else ()

    async def place(self, request: OrderRequest) -> OrderReport:
        self.at_place(request)
        if self.before_place:
            raise self.before_place.pop(0)
        self.sent.append(request)
        report = await super().place(request)
        if self.after_place:
            raise self.after_place.pop(0)
        return report

    async def order(self, symbol: str, client_order_id: str) -> OrderReport | None:
        return None if client_order_id in self.hidden else await super().order(symbol, client_order_id)


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


async def house(
    *,
    patience: str = "0",
    coins: str = "1",
    journal: Tally | None = None,
    margin_mode: MarginMode = "cross",
    leverage: int = 10,
) -> House:
    exchange, clock, log = town(margin_mode=margin_mode), SimClock(T), Spoken()
    exchange.accounts[ME].leverage = D(leverage)
    venue, kept = FaultyVenue(exchange), journal or Tally()
    holdings = DeclaredHoldings((Holding(asset="BTC", coins=Coins(D(coins)), place="declared"),))
    loop = Loop(
        rules=rules(patience=patience), venue=venue, holdings=holdings, journal=kept, clock=clock, log=log
    )
    await loop.start()
    return House(exchange, venue, kept, clock, loop, log)
