"""Whole sessions: the loop with its journal, under the product's own default settings, on a street."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from bot.adapters.holdings import DeclaredHoldings
from bot.adapters.journal import SqlJournal, open_journal
from bot.adapters.journal_reader import open_reader
from bot.adapters.log import SilentLog
from bot.adapters.switch import NO_SWITCH
from bot.core.reports import SETTLEMENT_ID
from bot.core.snapshot import Holding
from bot.core.values import ZERO, Coins, Money
from bot.settings import Settings
from bot.shell.loop import Loop
from bot.shell.step import Step
from bot.sim.account import SimAccount
from tests.contract.doors import Door

MINUTE = 60
WIRE = Decimal("0.00000001")
"""The last unit that goes over a wire: some venues tell fees to eight digits."""


@dataclass
class Session:
    """One hedge from its entry to its end."""

    door: Door
    loop: Loop
    journal: SqlJournal
    path: Path
    steps: list[Step] = field(default_factory=list)

    @property
    def trader(self) -> SimAccount:
        """The account at the exchange."""
        return self.door.street.office.exchange.accounts["main"]

    def held(self) -> dict[str, Decimal]:
        """Positions at the exchange, by symbol; flat ones are left out."""
        return {name: one.contracts for name, one in self.trader.positions.items() if one.contracts != ZERO}

    def short_coins(self) -> Decimal:
        """Coins that the exchange's positions are short."""
        touches = self.door.street.office.exchange.touches
        return -sum(
            (
                one.contract.coins(one.contracts, touches[name].quote.mark)
                for name, one in self.trader.positions.items()
                if one.contracts
            ),
            ZERO,
        )

    async def minutes(self, count: int, until: Callable[[], bool] = lambda: False, *, every: int = 1) -> None:
        """Let minutes pass, with a look at each, or at every so many."""
        for _ in range(0, count, every):
            step = await self.loop.poll(15 * MINUTE * 1000)
            if step is not None:
                self.steps.append(step)
            if until():
                return
            self.door.street.pass_time(MINUTE * every)

    async def until_held(self, coins: str, within: str = "0.03", minutes: int = 60) -> None:
        """Let minutes pass until the hedge is short so many coins, give or take."""
        wanted, near = Decimal(coins), Decimal(within)
        await self.minutes(
            minutes, lambda: abs(self.short_coins() - wanted) <= near and not self.journal.working()
        )
        assert abs(self.short_coins() - wanted) <= near, (self.short_coins(), self.last_words())

    def last_words(self) -> str:
        """Say why the last decision was what it was."""
        if not self.steps:
            return "no decision"
        last = self.steps[-1]
        return f"{last.snapshot.missing} {[(one.answer, one.why) for one in last.decision.explanations]}"

    def bring(self, asset: str, coins: str) -> None:
        """Bring coins into the spot wallet, or with a minus take them out."""
        self.door.street.office.exchange.reserve("main", asset, Money(Decimal(coins)))

    def agrees(self) -> None:
        """Check that journal and exchange agree to the last unit: orders, fills, positions, money."""
        office = self.door.street.office
        with open_reader(f"sqlite:///{self.path}", mode="local") as reader:
            fills, payments = reader.fills("main"), reader.payments("main")
            names = [order.request.client_order_id for order in reader.orders("main", None)]
        placed = [order for order in office.orders("main") if order.cause == "customer"]
        ours = [order.ask.client_id for order in placed]
        assert len(set(ours)) == len(ours), "an order was doubled"
        assert set(ours) <= set(names), "an order was sent that is not in the books"
        real = office.trades("main")
        assert sum(fill.contracts for fill in fills) == sum(trade.fill.contracts for trade in real)
        assert len(fills) == len(real)
        assert {fill.client_order_id for fill in fills} <= {*names, SETTLEMENT_ID}
        assert self.journal.held() == self.held()
        for name, profit in self.journal.realised().items():
            booked = sum((t.fill.told_pnl for t in real if t.fill.symbol == name), ZERO)
            assert abs(profit - booked) <= len(fills) * WIRE, (
                name,
                profit,
                booked,
            )
        paid = sum((fill.fee for fill in fills), ZERO)
        taken = sum((trade.fill.fee for trade in real), ZERO)
        assert abs(paid - taken) <= len(fills) * WIRE, (paid, taken)
        funding = sum((one.amount for one in payments if one.kind == "funding"), ZERO)
        assert funding == sum((one.amount for one in office.incomes("main") if one.kind == "funding"), ZERO)


def settings(symbol: str, **hedge: object) -> Settings:
    """Give the product's default settings with one hedge on them."""
    return Settings.model_validate(
        {
            "mode": "local",
            "accounts": {"main": {"venue": "binance-usdm"}},
            "hedges": {
                "btc": {
                    "account": "main",
                    "asset": "BTC",
                    "symbol": symbol,
                    "holdings": "0.5",
                    "policy": [{"stage": "fixed_ratio", "ratio": "1"}],
                    **hedge,
                }
            },
            "guard": {"top_ups": False},
        }
    )


@asynccontextmanager
async def session(
    door: Door, path: Path, chosen: Settings, coins: str = "0.5", asset: str = "BTC"
) -> AsyncIterator[Session]:
    """Run a session: declared coins, a journal on disk, the real loop."""
    holdings = DeclaredHoldings((Holding(asset=asset, coins=Coins(Decimal(coins)), place="declared"),))
    file = path / "local.sqlite"
    with open_journal(
        f"sqlite:///{file}", mode="local", account="main", rules_json=chosen.model_dump_json()
    ) as journal:
        loop = Loop(
            rules=chosen.rules("main"),
            venue=door.venue,
            holdings=holdings,
            journal=journal,
            clock=door.clock,
            log=SilentLog(),
            switch=NO_SWITCH,
        )
        await loop.start()
        yield Session(door=door, loop=loop, journal=journal, path=file)
