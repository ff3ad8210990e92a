"""What the guard tells the books and is told by them: transfers of margin, causes, persons' words. Each on a connection.

Nothing here begins or ends a transaction, and nothing is kept from one call to the next: persons' words come from other
processes, and the rest is a few rows.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

from sqlalchemy import Connection, func, insert, select, update

from bot.adapters.tables import controls, guard_events, orders, record_of, transfers, values_of
from bot.core.decide import Decision
from bot.core.memory import State
from bot.core.orders import IllegalTransitionError
from bot.core.relief import TopUp
from bot.core.reports import TransferReport, TransferState
from bot.core.snapshot import Control, Resume, Snapshot, Transfer
from bot.core.values import ZERO, Money, record
from bot.shell.ports import GuardBook

MINUTE_MS = 60_000
DAY_MS = 86_400_000

WordKind = Literal["freeze", "unwind", "resume"]


@record
class JournaledControl:
    """A person's word, as the book has it."""

    hedge: str | None
    """None is the whole account."""
    kind: WordKind
    who: str
    why: str
    at_ms: int


@record
class JournaledTransfer:
    """A top-up of margin, as the book has it."""

    transfer_id: str
    decision_number: int
    asset: str
    amount: Money
    needed: Money
    """What would have restored the distance."""
    state: TransferState
    reason: str
    """Why it was asked for; from then on what the venue said of it, if it said anything."""
    since_ms: int
    """When it came into its state."""
    updated_at_ms: int


@record
class JournaledGuardEvent:
    """A cause of the guard that began or ended."""

    at_ms: int
    decision_number: int
    hedge: str | None
    """None is the whole account."""
    kind: str
    state: State
    """What the cause asks for; of one that ended, the account's state then."""
    who: str
    key: str
    text: str
    began: bool


# --- transfers -------------------------------------------------------------------------------------------------


def plan(connection: Connection, account: str, top_up: TopUp, decision: Decision) -> None:
    """Write a transfer down as planned."""
    row = {
        "transfer_id": top_up.transfer_id,
        "account": account,
        "decision_number": decision.number,
        "asset": top_up.asset,
        "amount": top_up.amount,
        "needed": top_up.needed,
        "state": "planned",
        "reason": top_up.reason,
        "since_ms": decision.at_ms,
        "updated_at_ms": decision.at_ms,
    }
    connection.execute(insert(transfers).values(row))


def move_transfer(connection: Connection, account: str, report: TransferReport, at_ms: int) -> None:
    """Write a transfer's new state; one that is done stays done, whatever the report says.

    Raises:
        IllegalTransitionError: the transfer is not in this journal.
    """
    ours = (transfers.c.transfer_id == report.transfer_id, transfers.c.account == account)
    row = connection.execute(select(transfers).where(*ours)).one_or_none()
    if row is None:
        raise IllegalTransitionError(
            f"Transfer {report.transfer_id} cannot become {report.state}: it is not in the journal of {account}."
        )
    if row.state == "done":
        return
    new = {
        "state": report.state,
        "reason": report.reason or row.reason,
        "since_ms": row.since_ms if row.state == report.state else at_ms,
        "updated_at_ms": at_ms,
    }
    connection.execute(update(transfers).where(*ours).values(new))


def _left(connection: Connection, account: str) -> tuple[JournaledTransfer, ...]:
    """List transfers that have left or were refused, the last one moved at the end."""
    query = (
        select(transfers)
        .where(transfers.c.account == account, transfers.c.state != "planned")
        .order_by(transfers.c.updated_at_ms, transfers.c.decision_number)
    )
    return tuple(record_of(JournaledTransfer, row) for row in connection.execute(query))


# --- causes ----------------------------------------------------------------------------------------------------


def write_events(connection: Connection, account: str, snapshot: Snapshot, decision: Decision) -> None:
    """Write which causes began with a decision, and which of those before have ended; nothing if it could not look."""
    watch = decision.watch
    if watch is None:
        return
    common = {"account": account, "decision_number": decision.number, "at_ms": decision.at_ms}
    known = snapshot.memory.guard.called
    causes = {cause.key: cause for cause in watch.causes}
    for key, cause in causes.items():
        if key not in known:
            connection.execute(insert(guard_events).values({**values_of(cause), **common, "began": True}))
    for key in known:
        if key not in causes:
            ended = {**common, "key": key, "text": "ended", "state": watch.state, "began": False}
            _end(connection, account, ended)


def _end(connection: Connection, account: str, ended: dict[str, object]) -> None:
    """Write a cause's end beside its beginning, which knows whose it was."""
    query = (
        select(guard_events.c.hedge, guard_events.c.kind, guard_events.c.who)
        .where(guard_events.c.account == account, guard_events.c.key == ended["key"])
        .order_by(guard_events.c.id.desc())
        .limit(1)
    )
    for row in connection.execute(query).all():
        connection.execute(insert(guard_events).values({**row._asdict(), **ended}))


# --- persons' words --------------------------------------------------------------------------------------------


def words(connection: Connection, account: str) -> tuple[JournaledControl, ...]:
    """List what persons ever said about an account, in the order it was written."""
    query = select(controls).where(controls.c.account == account).order_by(controls.c.id)
    return tuple(record_of(JournaledControl, row) for row in connection.execute(query))


def count_words(connection: Connection, account: str) -> int:
    """Count what persons ever said about an account."""
    query = select(func.count()).where(controls.c.account == account)
    return int(connection.execute(query).scalar_one())


def in_force(said: Iterable[JournaledControl]) -> tuple[Control, ...]:
    """Give the words that still count: the last about the account and about each hedge, unless it is a resume.

    A word about the whole account takes the place of all before it; a word about a hedge leaves the account's in force.
    """
    last: dict[str | None, JournaledControl] = {}
    for word in said:
        if word.hedge is None:
            last.clear()
        last[word.hedge] = word
    return tuple(
        Control(kind=word.kind, hedge=word.hedge, who=word.who, why=word.why, at_ms=word.at_ms)
        for word in last.values()
        if word.kind != "resume"
    )


def releases(said: Iterable[JournaledControl]) -> tuple[Resume, ...]:
    """Give the last release of the account, and of each hedge that ever was released."""
    last = {word.hedge: Resume(hedge=word.hedge, at_ms=word.at_ms) for word in said if word.kind == "resume"}
    return tuple(last.values())


# --- the guard's book ------------------------------------------------------------------------------------------


def guard_book(connection: Connection, account: str, at_ms: int) -> GuardBook:
    """Put together what the guard has to know at a time."""
    left, said = _left(connection, account), words(connection, account)
    return GuardBook(
        controls=in_force(said),
        resumes=releases(said),
        transfers=tuple(_open(one) for one in left if one.state == "sent"),
        top_up_refused_ms=_refused_ms(left),
        moved_today=_moved(left, at_ms - DAY_MS),
        orders_last_minute=_adding(connection, account, at_ms - MINUTE_MS),
    )


def _open(one: JournaledTransfer) -> Transfer:
    return Transfer(transfer_id=one.transfer_id, asset=one.asset, amount=one.amount, since_ms=one.since_ms)


def _refused_ms(left: Sequence[JournaledTransfer]) -> int:
    return left[-1].since_ms if left and left[-1].state == "refused" else 0


def _moved(left: Sequence[JournaledTransfer], since_ms: int) -> Money:
    moved = [one.amount for one in left if one.state != "refused" and one.updated_at_ms > since_ms]
    return Money(sum(moved, ZERO))


def _adding(connection: Connection, account: str, since_ms: int) -> int:
    """Count the orders sent after a time that add exposure."""
    query = select(func.count()).where(
        orders.c.account == account, orders.c.sent_at_ms > since_ms, orders.c.reduce_only.is_(False)
    )
    return int(connection.execute(query).scalar_one())
