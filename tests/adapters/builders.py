"""A small account for the journal's tests: real pictures, and what ``decide`` makes of them."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.adapters.journal import SqlJournal, open_journal
from bot.core.decide import Decision, decide
from bot.core.instruments import MarginRule, Payoff, Perpetual, tiers_from
from bot.core.memory import GuardMemory, Memory
from bot.core.orders import OrderRequest, OrderState
from bot.core.policy import Band
from bot.core.reports import Fill, OrderReport, Payment
from bot.core.risk import Approved
from bot.core.rules import HedgeRules, Kind, Meaning, Rules
from bot.core.snapshot import Funding, Holding, Position, Quote, Snapshot, Wallet
from bot.core.values import Coins, Contracts, Money, Notional, Price, Ratio, Side
from bot.settings_risk import Guard, Risk
from bot.shell.ports import Activity
from strategies.fixed_ratio import Stage
from tests.core.builders import BOOKS, pricing_rules, roll_rules

ACCOUNT = "main"
RULES_JSON = '{"ratio": "1.10"}'
START_MS = 1_700_000_000_000

CONTRACT = Perpetual(
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    settle="USDT",
    payoff=Payoff.LINEAR,
    contract_size=Decimal(1),
    contracts_step=Contracts(Decimal("0.001")),
    contracts_min=Contracts(Decimal("0.001")),
    notional_min=Notional(Decimal(5)),
    price_tick=Price(Decimal("0.10")),
    fee_maker=Ratio(Decimal("0.0002")),
    fee_taker=Ratio(Decimal("0.0005")),
    funding_interval_hours=8,
    margin_rule=MarginRule.MARK,
    tiers=tiers_from([(Decimal(0), Decimal("0.004"), Decimal(125))]),
)


def rules(account: str = ACCOUNT) -> Rules:
    """Hedge all of it, at the touch first."""
    hedge = HedgeRules(
        name="btc",
        asset="BTC",
        symbol=CONTRACT.symbol,
        kind=Kind.PERPETUAL,
        contract_size=None,
        meaning=Meaning.SHARE_OF_HOLDINGS,
        amount=Notional(Decimal(0)),
        band=Band(outer=Ratio(Decimal("0.02")), inner=Ratio(Decimal(0))),
        stages=(Stage(ratio=Decimal(1)),),
    )
    return Rules(
        account=account,
        hedges=(hedge,),
        pricing=pricing_rules(Decimal(60), Decimal("0.002")),
        roll=roll_rules(),
        books=BOOKS,
        risk=Risk(order_notional_max=Decimal(1_000_000)).rules(),
        guard=Guard().rules(),
    )


def snapshot(number: int = 1, account: str = ACCOUNT) -> Snapshot:
    """Picture one bare coin, one minute after another; ``number`` is that of the decision it leads to."""
    at_ms = START_MS + number * 60_000
    quote = Quote(
        symbol=CONTRACT.symbol,
        at_ms=at_ms,
        bid=Price(Decimal("60000.00")),
        bid_contracts=Contracts(Decimal(10)),
        ask=Price(Decimal("60000.10")),
        ask_contracts=Contracts(Decimal(10)),
        mark=Price(Decimal("60000.0")),
        index=Price(Decimal(60000)),
    )
    return Snapshot(
        account=account,
        at_ms=at_ms,
        contracts=(CONTRACT,),
        holdings=(Holding(asset="BTC", coins=Coins(Decimal("1.10")), place="declared"),),
        wallets=(Wallet(asset="USDT", balance=Money(Decimal("5E+4")), deposited=Money(Decimal("5E+4"))),),
        positions=(),
        quotes=(quote,),
        funding=(
            Funding(symbol=CONTRACT.symbol, rate=Ratio(Decimal("0.00010000")), next_at_ms=START_MS * 2),
        ),
        working=(),
        memory=Memory(number=number - 1),
    )


def decided(number: int = 1, account: str = ACCOUNT) -> tuple[Snapshot, Decision]:
    """Decide a picture: an order of 1.1 contracts is due."""
    picture = snapshot(number, account)
    return picture, decide(picture, rules(account))


TOPPING_UP = replace(rules(), guard=Guard(top_ups=True).rules())


def thin(number: int = 1, memory: GuardMemory = GuardMemory()) -> tuple[Snapshot, Decision]:  # noqa: B008 - frozen
    """Decide a picture whose margin is thin, with money in the spot wallet: a top-up is due, and nothing is traded."""
    picture = snapshot(number)
    position = Position(
        symbol=CONTRACT.symbol,
        contracts=Contracts(Decimal("-1.10")),
        entry_price=Price(Decimal(60_000)),
        realised_pnl=Money(Decimal(0)),
    )
    wallet = replace(picture.wallets[0], balance=Money(Decimal(12_000)), spare=Money(Decimal(50_000)))
    remembered = replace(picture.memory, guard=memory)
    picture = replace(picture, positions=(position,), wallets=(wallet,), memory=remembered)
    return picture, decide(picture, TOPPING_UP)


def request_of(decision: Decision) -> OrderRequest:
    """Take the one order out of a decision."""
    (command,) = decision.commands
    assert isinstance(command, Approved)
    return command.request


def report(request: OrderRequest, state: OrderState, filled: str = "0", reason: str = "") -> OrderReport:
    """Report on an order."""
    return OrderReport(
        client_order_id=request.client_order_id,
        symbol=request.symbol,
        state=state,
        filled=Contracts(Decimal(filled)),
        reason=reason,
    )


def fill(fill_id: str, at_ms: int = START_MS, symbol: str = CONTRACT.symbol) -> Fill:
    """Make a fill."""
    return Fill(
        fill_id=fill_id,
        client_order_id="hr-0-1-h0",
        symbol=symbol,
        side=Side.SELL,
        contracts=Contracts(Decimal("0.10")),
        price=Price(Decimal("60000.10")),
        fee=Money(Decimal("-0")),
        realised_pnl=Money(Decimal("1E+1")),
        maker=True,
        at_ms=at_ms,
    )


def payment(payment_id: str, at_ms: int = START_MS) -> Payment:
    """Make a funding payment."""
    return Payment(
        payment_id=payment_id,
        kind="funding",
        symbol=CONTRACT.symbol,
        asset="USDT",
        amount=Money(Decimal("1.10")),
        at_ms=at_ms,
    )


def activity(
    *, fills: tuple[Fill, ...] = (), payments: tuple[Payment, ...] = (), cursor: int = 0
) -> Activity:
    """Put together what was heard."""
    return Activity(fills=fills, payments=payments, cursor=cursor)


OF_A_FILE = pytest.mark.parametrize("anywhere", ["sqlite"], indirect=True)
"""What is so for a file of SQLite only."""
ELSEWHERE: dict[Path, str] = {}
"""Addresses of journals that lie in no file, by the path that stands for each."""


def url_of(path: Path) -> str:
    """Address a file, or the database it stands for."""
    return ELSEWHERE.get(path) or f"sqlite:///{path}"


def open_at(
    path: Path, *, mode: str = "demo", account: str = ACCOUNT, rules_json: str = RULES_JSON
) -> SqlJournal:
    """Open a journal for writing."""
    return open_journal(url_of(path), mode=mode, account=account, rules_json=rules_json)


def with_hole(picture: Snapshot) -> Snapshot:
    """Leave a letter out."""
    return replace(picture, missing=("no quote of BTCUSDT",))
