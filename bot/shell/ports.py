"""What the house asks of the outside, and how the outside may fail.

Errors are named by their remedy::

    HedgerowError                 base of what we raise on purpose
    +-- VenueError                the exchange, or the way to it
    |   +-- UnreachableError      nothing was sent: retry
    |   +-- RateLimitedError      wait, then retry
    |   +-- RefusedForNowError    proof that nothing was placed, for a passing reason: mend, then retry
    |   +-- OutcomeUnknownError   the answer is lost: reconcile, never resend
    |   +-- NotListedError        the venue has no such contract: choose another
    |   +-- AuthFailedError       halt and call a person
    +-- JournalUnavailableError   send nothing, and end
    |   +-- JournalAwayError      it may come back: send nothing until then
    |   +-- JournalTakenError     another process writes it: stop that one, or wait for its end
    |   +-- JournalPassedError    another process has taken over: end
    +-- PreflightError            mend the account; at start only
    +-- SettingsError             mend the settings; at start only

An order the venue refuses for good is no error: it is a report with state REJECTED, a value for the next decision. A
picture with holes is no error either: it is a snapshot with ``missing`` filled, on which nothing is decided.
"""

from collections.abc import Sequence
from dataclasses import field
from decimal import Decimal
from typing import Protocol

from bot.core.books import Incident
from bot.core.decide import Decision
from bot.core.instruments import Contract, MarginMode
from bot.core.lookback import Bars, Need, Settled
from bot.core.memory import Memory
from bot.core.orders import OrderRequest, WorkingOrder
from bot.core.reports import Fill, OrderReport, Payment, TransferReport
from bot.core.snapshot import (
    Control,
    Funding,
    Holding,
    Peg,
    Position,
    Quote,
    Resume,
    Setback,
    Snapshot,
    Transfer,
    Turnover,
    Volatility,
    Wallet,
)
from bot.core.values import ZERO, Contracts, Money, record
from bot.shell.view import Mark


class HedgerowError(Exception):
    """Base of what we raise on purpose; its text is a sentence for the user: what, where, remedy."""


class VenueError(HedgerowError):
    """The exchange, or the way to it, failed."""


class UnreachableError(VenueError):
    """Nothing was sent: retry."""


class RateLimitedError(VenueError):
    """Too many requests: wait, then retry."""


class RefusedForNowError(VenueError):
    """Proof that nothing was placed, for a passing reason: mend, then retry."""


class OutcomeUnknownError(VenueError):
    """The request may have arrived and its answer is lost: reconcile, never resend."""


class NotListedError(VenueError):
    """The venue does not list a contract that was asked for; nothing else is wrong."""


class AuthFailedError(VenueError):
    """The key is not accepted: halt and call a person."""


NOT_PLACED = (UnreachableError, RateLimitedError, RefusedForNowError)
"""Proofs that nothing was placed. Every other failure proves nothing."""


class JournalUnavailableError(HedgerowError):
    """The journal cannot be written or is not ours to write: send nothing."""


class JournalAwayError(JournalUnavailableError):
    """The journal's database is out of reach and may come back: send nothing until it does."""


class JournalRefusedError(JournalAwayError):
    """The journal's database answers, and does not let us in: a person has to mend the address or the rights."""


class JournalTakenError(JournalUnavailableError):
    """Another process writes the account's journal: stop that one, or wait for its end."""


class JournalPassedError(JournalUnavailableError):
    """Another process has taken the account's journal over, and leads from now on: end."""


class PreflightError(HedgerowError):
    """Something at the venue is not as a hedge needs it: mend it; at start only."""


class SettingsError(HedgerowError):
    """The settings are wrong; the text lists every fault at once."""


@record
class AccountReport:
    """What the venue says of one margin account, at one instant."""

    at_ms: int
    wallets: tuple[Wallet, ...]
    positions: tuple[Position, ...]
    open_orders: tuple[OrderReport, ...]
    """Read before the positions: a fill in between is counted twice for a moment, and never not at all."""
    margin_mode: MarginMode
    leverage: Decimal
    """Leverage the account is set to."""
    one_way: bool = True
    """Whether a contract has one net position; in hedge mode it has a long and a short one."""
    cumulative: bool = True
    """Whether wallets tell what was ever deposited and positions what they ever realised; if not, the books do."""


@record
class Activity:
    """Fills and payments after a cursor, oldest first, and the cursor after them."""

    fills: tuple[Fill, ...]
    payments: tuple[Payment, ...]
    cursor: int


class Venue(Protocol):
    """One margin account at one exchange. Every method may raise a VenueError."""

    async def contracts(self, symbols: Sequence[str]) -> tuple[Contract, ...]:
        """Describe contracts; raises NotListedError for a symbol the venue does not list, and for no other reason."""

    async def dated(self, family: str) -> tuple[Contract, ...]:
        """List the dated futures of a family that have not expired, nearest expiry first; none is an answer."""

    async def turnovers(self, symbols: Sequence[str]) -> tuple[Turnover, ...]:
        """Read how busy contracts are; a contract without figures is left out."""

    async def account(self) -> AccountReport:
        """Read wallets, positions and open orders."""

    async def positions(self, symbols: Sequence[str]) -> tuple[Position, ...]:
        """Read positions from a second source, one by one: what an empty list in ``account`` is checked against."""

    async def volatilities(self, symbols: Sequence[str]) -> tuple[Volatility, ...]:
        """Measure how much contracts move a day, over the last thirty; one without enough history is left out."""

    async def bars(self, needs: Sequence[Need]) -> tuple[Bars, ...]:
        """Read closed bars that policies look back on; fewer than asked for is an answer, and so is none."""

    async def settled(self, symbols: Sequence[str], count: int) -> tuple[Settled, ...]:
        """Read so many settled funding rates of perpetuals; a contract without them is left out."""

    async def pegs(self, assets: Sequence[str]) -> tuple[Peg, ...]:
        """Read what settlement coins are worth in dollars; one without a price is left out."""

    async def quotes(self, symbols: Sequence[str]) -> tuple[Quote, ...]:
        """Read prices of contracts, and of spot markets, whose symbols have no colon; what has no price is left out.

        A spot market that is not listed is left out, too; its mark and its index are half way between bid and ask.
        """

    async def funding(self, symbols: Sequence[str]) -> tuple[Funding, ...]:
        """Read the next funding."""

    async def activity(self, cursor: int) -> Activity:
        """List fills and payments after ``cursor``; 0 is the beginning."""

    async def order(self, symbol: str, client_order_id: str) -> OrderReport | None:
        """Look an order up by our name for it; None if the venue has no record of it *now*."""

    async def place(self, request: OrderRequest) -> OrderReport:
        """Place an order. Never retried by anyone."""

    async def cancel(self, symbol: str, client_order_id: str) -> OrderReport:
        """Cancel an order; an order already done reports how it ended."""

    async def transfer(self, transfer_id: str, asset: str, amount: Money) -> TransferReport:
        """Move margin from the spot wallet to the futures wallet, under our name for it. Never retried by anyone."""

    async def transfer_of(self, transfer: Transfer) -> TransferReport | None:
        """Look a transfer up, by our name for it where the venue takes names; None if it has no record of it *now*."""


class Holdings(Protocol):
    """A place where the owner's coins lie."""

    async def read(self) -> tuple[Holding, ...]:
        """Read what lies there."""


class Clock(Protocol):
    """The time."""

    def now_ms(self) -> int:
        """Tell the time: milliseconds since 1970 UTC."""

    async def sleep_until(self, at_ms: int) -> None:
        """Wait until a time."""


@record
class Heard:
    """What was new in an activity, once it is written down."""

    fills: tuple[Fill, ...]
    incidents: tuple[Incident, ...]
    """One for every contract with fills that no living order of ours explains."""


@record
class GuardBook:
    """What the books tell the guard."""

    controls: tuple[Control, ...] = ()
    """Persons' words that are in force."""
    resumes: tuple[Resume, ...] = ()
    """The last release of the account, and of each hedge that ever was released."""
    transfers: tuple[Transfer, ...] = ()
    """Transfers that have left, or may have, and whose fate is open."""
    top_up_refused_ms: int = 0
    """When the last transfer was refused; 0 if it was not."""
    moved_today: Money = Money(ZERO)
    """Sum of transfers of the last 24 hours that are done or whose fate is open."""
    orders_last_minute: int = 0


class Journal(Protocol):
    """The ledger of one account. Each method is one transaction, durable when it returns.

    Every method may raise JournalUnavailableError; nothing may be sent then. After a JournalAwayError it may come back.
    """

    def decided(self, snapshot: Snapshot, decision: Decision) -> None:
        """Write a decision with its snapshot, its orders as PLANNED and its transfer as planned (invariant I6).

        Causes of the guard that were not there at the decision before are written as events, with who and why.

        A decision on a whole picture answers what shifted until then.
        """

    def order_moved(self, report: OrderReport, at_ms: int) -> None:
        """Write an order's new state; a move the table forbids raises IllegalTransitionError."""

    def heard(self, activity: Activity, at_ms: int) -> Heard:
        """Write fills, payments and the cursor, and with them what is strange about the fills (invariant I1).

        A fill of an order that had ended is booked on that order.
        """

    def filled(self, client_order_id: str) -> Contracts:
        """Sum the fills heard of one order."""

    def working(self) -> tuple[WorkingOrder, ...]:
        """List orders that may still change the position."""

    def knows(self, client_order_id: str) -> bool:
        """Whether an order is in the books, done or not."""

    def held(self) -> dict[str, Contracts]:
        """Give the position the books expect in every contract: fills and re-basings summed; flat ones are left out."""

    def realised(self) -> dict[str, Money]:
        """Sum the price profit that fills realised, by contract, in settlement currency."""

    def shifted(self) -> tuple[str, ...]:
        """List contracts whose position moved without a fill of ours since the last decision on a whole picture."""

    def rejected(self) -> tuple[Setback, ...]:
        """Count, per contract, the orders rejected one after the other since one was taken; none are left out."""

    def found(self, incidents: Sequence[Incident], at_ms: int) -> tuple[Incident, ...]:
        """Write incidents down, and with them the re-basing each asks for; returns those that were not known."""

    def adopt(self, order: WorkingOrder, hedge: str) -> None:
        """Take an order that bears our prefix into the books as if it had been decided."""

    def terms(self) -> dict[str, Contract]:
        """Give every contract ever traded or watched, by symbol, in the terms last accepted."""

    def learned(self, contracts: Sequence[Contract], at_ms: int) -> None:
        """Write contracts down, in the terms that are accepted from now on."""

    def memory(self) -> Memory:
        """Give the memory of the last decision."""

    def last_at_ms(self) -> int:
        """Give the latest time of any decision; 0 before the first."""

    def cursor(self) -> int:
        """Give the cursor of the last activity heard."""

    def stamp(self) -> object:
        """Give something that differs once anybody, in any process, has written; cheap enough for every poll."""

    def said(self) -> tuple[tuple[Control, ...], tuple[Resume, ...]]:
        """Read persons' words that are in force, and their releases, anew: others write them."""

    def guard_book(self, at_ms: int) -> GuardBook:
        """Give what the guard has to know; persons' words are read anew each time, as others write them."""

    def transfer_moved(self, report: TransferReport, at_ms: int) -> None:
        """Write a transfer's new state."""

    def marked(self, marks: Sequence[Mark]) -> None:
        """Write down what hedges are worth, for histories of profit; nothing is decided by it."""

    def lead(self) -> None:
        """See that nobody else can be acting for the account now; asked right before a request that changes anything."""


class Switch(Protocol):
    """A kill switch that anybody can pull."""

    def pulled(self) -> str:
        """Say where it is pulled, or nothing."""


class Log(Protocol):
    """A log whose lines carry what was bound to it."""

    def bind(self, **bound: object) -> "Log":
        """Give a log whose every line carries these, too."""

    def info(self, event: str, **figures: object) -> object:
        """Say what happened."""

    def debug(self, event: str, **figures: object) -> object:
        """Say what hardly matters."""

    def warning(self, event: str, **figures: object) -> object:
        """Say what a person may have to look at."""


@record
class Hall:
    """What the hall works with on behalf of one account."""

    venue: Venue
    journal: Journal
    clock: Clock
    log: Log
    """With the account bound to it."""
    switch: "Switch"
    told: list[Incident] = field(default_factory=list)
    """Incidents that were told since the last step took them."""
