"""What the page and machines are told: records that become JSON, Decimals as strings."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from bot.adapters.journal_reader import JournaledIncident
from bot.core.causes import Cause
from bot.core.desk import Explanation
from bot.core.gates import Verdict
from bot.core.ladder import Standing
from bot.core.memory import Rung, State
from bot.core.orders import OrderState
from bot.core.risk import Approved
from bot.core.snapshot import Funding, Wallet
from bot.core.values import Contracts, Price, Side, record
from bot.shell.view import HedgeView, Mark
from bot.shell.window import Board, Picture, Window

MARKS_MAX = 500
"""Marks of a hedge that are told at most: more than a chart of them shows."""


@record
class Stamped:
    """A wish of the last decision, and what every gate said to it."""

    hedge: str
    sent: bool
    side: Side
    contracts_asked: Contracts
    contracts: Contracts
    """What may be sent of it."""
    verdicts: tuple[Verdict, ...]


@record
class AccountState:
    """One account: what was seen, what was decided and why."""

    account: str
    venue: str
    looked_ms: int
    """When a look last succeeded; 0 before the first."""
    trouble: str
    """Why the last look did not succeed; empty if it did."""
    at_ms: int | None
    """Of the last decision; None before the first."""
    decision: int | None
    missing: tuple[str, ...]
    state: State | None
    """What the guard lets the account do, as it last could look, as are rung, causes and standings; None before that."""
    rung: Rung | None
    causes: tuple[Cause, ...]
    standings: tuple[Standing, ...]
    """How each pool of margin stands, and where each rung trips."""
    wallets: tuple[Wallet, ...]
    funding: tuple[Funding, ...]
    hedges: tuple[HedgeView, ...]
    explanations: tuple[Explanation, ...]
    stamped: tuple[Stamped, ...]
    effectiveness: Mapping[str, Mapping[str, Decimal]]
    """By hedge and window: 1d, 7d, 30d."""


@record
class BotState:
    """Everything that is shown now."""

    mode: str
    version: str
    now_ms: int
    """By the bot's clock: model time in a demo."""
    turn: int
    """Counts the pictures: a larger one is newer."""
    silent: tuple[str, ...]
    """Accounts whose loop has not looked with success for too long."""
    accounts: tuple[AccountState, ...]


@record
class OrderLine:
    """An order of the journal."""

    client_order_id: str
    hedge: str
    symbol: str
    side: Side
    contracts: Contracts
    filled: Contracts
    limit_price: Price | None
    state: OrderState
    decision: int | None
    sent_ms: int | None
    updated_ms: int


@record
class JournalLine:
    """One hedge's answer in one journaled decision, with its reason."""

    account: str
    decision: int
    at_ms: int
    hedge: str
    symbol: str
    answer: str
    why: str
    reason: str
    """What the policy said."""


@record
class Health:
    """Whether the loops turn."""

    healthy: bool
    waiting: bool
    """Another process leads, and this one stands by."""
    silent: tuple[str, ...]
    """Accounts whose loop has not looked with success for too long."""
    looked_ms: Mapping[str, int]


@record
class Refusal:
    """Why there is no answer."""

    error: str


class Archive(Protocol):
    """The journal, for lists. Every method may raise JournalUnavailableError."""

    def orders(self, limit: int) -> Sequence[OrderLine]:
        """List the last orders of all accounts, newest first."""

    def incidents(self, limit: int) -> Sequence[JournaledIncident]:
        """List the last incidents, newest first."""

    def journal(self, limit: int) -> Sequence[JournalLine]:
        """List the answers of the last decisions of each account, newest first."""


def state_of(window: Window, version: str) -> BotState:
    """Read every board."""
    return BotState(
        mode=window.mode,
        version=version,
        now_ms=window.now_ms(),
        turn=window.turn,
        silent=window.silent(),
        accounts=tuple(_account(board) for board in window.boards.values()),
    )


def health_of(window: Window) -> Health:
    """Judge every loop."""
    looked = {name: board.pulse.looked_ms for name, board in window.boards.items()}
    return Health(healthy=window.healthy, waiting=window.waiting, silent=window.silent(), looked_ms=looked)


def marks_of(window: Window, hours: int) -> tuple[Mark, ...]:
    """Give the history of profit of all hedges over the last hours, oldest first by hedge, thinned to so many of each."""
    since_ms = window.now_ms() - hours * 3_600_000
    return tuple(
        mark
        for board in window.boards.values()
        for kept in board.marks.values()
        for mark in _thinned([mark for mark in kept if mark.at_ms >= since_ms])
    )


def _thinned(marks: Sequence[Mark]) -> Sequence[Mark]:
    """Take one of every so many, counted back from the last, which stays."""
    every = max(1, -(-len(marks) // MARKS_MAX))
    return marks[::-every][::-1]


def _account(board: Board) -> AccountState:
    picture = board.picture
    snapshot = None if picture is None else picture.snapshot
    watch = None if picture is None else picture.watch
    return AccountState(
        account=board.account,
        venue=board.venue,
        looked_ms=board.pulse.looked_ms,
        trouble=board.pulse.trouble,
        at_ms=None if picture is None else picture.decision.at_ms,
        decision=None if picture is None else picture.decision.number,
        missing=() if snapshot is None else snapshot.missing,
        state=None if watch is None else watch.state,
        rung=None if watch is None else watch.rung,
        causes=() if watch is None else watch.causes,
        standings=() if watch is None else watch.standings,
        wallets=() if snapshot is None else snapshot.wallets,
        funding=() if snapshot is None else snapshot.funding,
        hedges=() if picture is None else picture.hedges,
        explanations=() if picture is None else picture.decision.explanations,
        stamped=() if picture is None else _stamped(picture),
        effectiveness=_effectiveness(board),
    )


def _stamped(picture: Picture) -> tuple[Stamped, ...]:
    sent = [
        Stamped(
            hedge=one.hedge,
            sent=True,
            side=one.request.side,
            contracts_asked=one.contracts_asked,
            contracts=one.request.contracts,
            verdicts=one.verdicts,
        )
        for one in picture.decision.commands
        if isinstance(one, Approved)
    ]
    refused = [
        Stamped(
            hedge=one.hedge,
            sent=False,
            side=one.side,
            contracts_asked=one.contracts_asked,
            contracts=Contracts(Decimal(0)),
            verdicts=one.verdicts,
        )
        for one in picture.decision.refused
    ]
    return (*sent, *refused)


def _effectiveness(board: Board) -> dict[str, dict[str, Decimal]]:
    told: dict[str, dict[str, Decimal]] = {}
    for (hedge, window), figure in board.effectiveness.items():
        told.setdefault(hedge, {})[window] = figure
    return told
