"""The journal for readers: ``status``, ``explain`` and ``replay`` look at it, beside a running writer or without one.

A reader never makes, migrates or changes anything, and leaves no file behind.
"""

from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Row, Select, func, select, union

from bot.adapters.journal_books import contract_from_json
from bot.adapters.journal_episodes import Episode, episodes_of
from bot.adapters.journal_guard import JournaledControl, JournaledGuardEvent, JournaledTransfer
from bot.adapters.journal_intents import JournaledIntent, JournaledOrder, intents_of
from bot.adapters.journal_place import Found, Place, readable, refuse_other_mode
from bot.adapters.journal_url import place_of
from bot.adapters.records import decision_from_json, snapshot_from_json
from bot.adapters.tables import (
    HEAD,
    beginnings,
    controls,
    cursors,
    decisions,
    fills,
    guard_events,
    incidents,
    marks,
    order_events,
    orders,
    payments,
    record_of,
    rules,
    terms,
    transfers,
)
from bot.core.books import Incident
from bot.core.instruments import Contract
from bot.core.orders import OrderRequest, OrderState
from bot.core.reports import Fill, Payment
from bot.core.snapshot import Snapshot
from bot.core.values import ZERO, Contracts, record
from bot.shell.ports import JournalUnavailableError
from bot.shell.replay import JournaledDecision
from bot.shell.view import Mark, Since, began

PAGE = 200
"""Decisions read at a time: a year of them does not fit in memory, and a long read would hold up the writer's tidying."""


@record
class OrderEvent:
    """One step in an order's life."""

    at_ms: int
    state: OrderState
    filled: Contracts
    reason: str


@record
class JournaledIncident:
    """Something that happened to the account, as the book has it."""

    incident: Incident
    at_ms: int
    answered_by: int | None
    """Number of the first decision on a whole picture after it; None before that, or if nothing shifted."""


def open_reader(url: str, *, mode: str | None) -> "JournalReader":
    """Open a journal for reading.

    Args:
        url: ``sqlite:///path`` or ``postgresql://user:password@host/database``.
        mode: the mode it must be of; None takes any.

    Raises:
        JournalUnavailableError: there is no journal, it cannot be read, or it is not of that mode or schema.
    """
    place = place_of(url)
    found = place.look()
    if found is None:
        raise JournalUnavailableError(f"No journal at {place}: start with `hedgerow demo` or `hedgerow run`.")
    if mode is not None:
        refuse_other_mode(found, place, mode)
    if found.revision != HEAD:
        raise JournalUnavailableError(
            f"The journal at {place} has the older schema {found.revision}; this Hedgerow reads {HEAD}: start"
            " `hedgerow run` once, which brings it up to date."
        )
    return JournalReader(place=place, found=found)


class JournalReader:
    """Reads a journal of any number of accounts. Every method may raise JournalUnavailableError."""

    def __init__(self, *, place: Place, found: Found) -> None:
        self._place = place
        self._found = found
        self._questions = place.questions()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database; no connection outlives a question, so there is little to do."""
        self._questions.close()

    def mode(self) -> str:
        """Tell what the figures are worth: ``demo``, ``paper``, ``live``."""
        return self._found.mode

    def accounts(self) -> tuple[str, ...]:
        """List the accounts that anything was written of, by name."""
        named = union(*(select(table.c.account) for table in (decisions, cursors, controls)))
        return tuple(sorted(row.account for row in self._rows(named.subquery().select())))

    def decisions(self, account: str) -> Iterator[JournaledDecision]:
        """Read an account's decisions, first to last, a page at a time."""
        last = -1
        while True:
            page = _decisions(account).where(decisions.c.number > last).order_by(decisions.c.number)
            rows = self._rows(page.limit(PAGE))
            for row in rows:
                yield self._decision(account, row)
            if len(rows) < PAGE:
                return
            last = rows[-1].number

    def last_decision(self, account: str) -> JournaledDecision | None:
        """Read an account's last decision; None before the first."""
        found = self.last_decisions(account, 1)
        return found[0] if found else None

    def last_decisions(self, account: str, limit: int) -> tuple[JournaledDecision, ...]:
        """Read an account's last decisions, at most ``limit``, newest first."""
        query = _decisions(account).order_by(decisions.c.number.desc()).limit(limit)
        return tuple(self._decision(account, row) for row in self._rows(query))

    def orders(self, account: str, limit: int | None) -> tuple[JournaledOrder, ...]:
        """List an account's last orders, at most ``limit`` or all, newest first."""
        when = func.coalesce(orders.c.sent_at_ms, orders.c.updated_at_ms)
        query = (
            select(orders)
            .where(orders.c.account == account)
            .order_by(when.desc(), orders.c.decision_number.desc().nulls_last(), orders.c.client_order_id)
            .limit(limit)
        )
        return tuple(_order(row) for row in self._rows(query))

    def incidents(self, account: str) -> tuple[JournaledIncident, ...]:
        """List what happened to an account that Hedgerow did not do, in the order it was found."""
        query = select(incidents).where(incidents.c.account == account).order_by(incidents.c.id)
        return tuple(
            JournaledIncident(incident=record_of(Incident, row), at_ms=row.at_ms, answered_by=row.answered_by)
            for row in self._rows(query)
        )

    def controls(self, account: str) -> tuple[JournaledControl, ...]:
        """List what persons said about an account, oldest first, whether it is in force or not."""
        query = select(controls).where(controls.c.account == account).order_by(controls.c.id)
        return tuple(record_of(JournaledControl, row) for row in self._rows(query))

    def transfers(self, account: str) -> tuple[JournaledTransfer, ...]:
        """List an account's top-ups of margin, oldest first."""
        query = select(transfers).where(transfers.c.account == account).order_by(transfers.c.decision_number)
        return tuple(record_of(JournaledTransfer, row) for row in self._rows(query))

    def guard_events(self, account: str, limit: int | None) -> tuple[JournaledGuardEvent, ...]:
        """List the last causes of the guard that began or ended, at most ``limit`` or all, oldest first."""
        query = (
            select(guard_events)
            .where(guard_events.c.account == account)
            .order_by(guard_events.c.id.desc())
            .limit(limit)
        )
        return tuple(record_of(JournaledGuardEvent, row) for row in reversed(self._rows(query)))

    def intents(self, account: str) -> tuple[JournaledIntent, ...]:
        """Tell what came of each intent of an account, in the order they began."""
        told = self._rows(_terms(account))
        with readable(self._place):
            contracts = _Contracts(account, told, self._picture)
            return intents_of(self.orders(account, None), self.fills(account), contracts.at)

    def terms(self, account: str) -> tuple[Contract, ...]:
        """List every contract an account ever traded or watched, expired ones included, in the terms last accepted."""
        rows = self._rows(_terms(account))
        with readable(self._place):
            return tuple(contract_from_json(row.json) for row in rows)

    def episodes(self, account: str) -> tuple[Episode, ...]:
        """Tell an account's hedges from flat to flat, oldest first."""
        terms_now = {one.symbol: one for one in self.terms(account)}
        moved = [(one.incident, one.at_ms) for one in self.incidents(account) if one.incident.rebased != ZERO]
        return episodes_of((*self.fills(account), *self.payments(account), *moved), terms_now.__getitem__)

    def decision_of(self, account: str, client_order_id: str) -> JournaledDecision | None:
        """Read the decision that an order came from; None if it is not an order of ours."""
        number = select(orders.c.decision_number).where(
            orders.c.account == account, orders.c.client_order_id == client_order_id
        )
        rows = self._rows(_decisions(account).where(decisions.c.number == number.scalar_subquery()))
        return self._decision(account, rows[0]) if rows else None

    def _picture(self, account: str, number: int) -> Snapshot:
        """Read the picture of one decision; ValueError if it cannot be read."""
        query = select(decisions.c.snapshot).where(
            decisions.c.account == account, decisions.c.number == number
        )
        return snapshot_from_json(self._rows(query)[0].snapshot)

    def order_events(self, client_order_id: str) -> tuple[OrderEvent, ...]:
        """Read the life of one order, from its plan on."""
        query = (
            select(order_events)
            .where(order_events.c.client_order_id == client_order_id)
            .order_by(order_events.c.id)
        )
        return tuple(record_of(OrderEvent, row) for row in self._rows(query))

    def fills(self, account: str, *, skip: int = 0) -> tuple[Fill, ...]:
        """List an account's fills in the order they were heard, but for the first ones."""
        query = select(fills).where(fills.c.account == account).order_by(fills.c.id).offset(skip)
        return tuple(record_of(Fill, row) for row in self._rows(query))

    def payments(self, account: str, *, skip: int = 0) -> tuple[Payment, ...]:
        """List an account's payments in the order they were heard, but for the first ones."""
        query = select(payments).where(payments.c.account == account).order_by(payments.c.id).offset(skip)
        return tuple(record_of(Payment, row) for row in self._rows(query))

    def marks(self, account: str, since_ms: int) -> tuple[Mark, ...]:
        """List what an account's hedges were worth from a time on, oldest first."""
        query = (
            select(marks).where(marks.c.account == account, marks.c.at_ms >= since_ms).order_by(marks.c.id)
        )
        return tuple(record_of(Mark, row) for row in self._rows(query))

    def began(self, account: str) -> dict[str, Since]:
        """Tell where each hedge of an account began, by its name."""
        query = (
            select(beginnings.c.hedge, decisions.c.snapshot, decisions.c.decision)
            .join_from(beginnings, decisions)
            .where(beginnings.c.account == account)
            .order_by(beginnings.c.decision_number, beginnings.c.hedge)
        )
        rows = self._rows(query)
        with readable(self._place):
            return {
                row.hedge: began(snapshot_from_json(row.snapshot), explanation)
                for row in rows
                for explanation in decision_from_json(row.decision).explanations
                if explanation.hedge == row.hedge
            }

    def _decision(self, account: str, row: Row[Any]) -> JournaledDecision:
        with readable(self._place):
            return JournaledDecision(
                account=account,
                number=row.number,
                at_ms=row.at_ms,
                rules_json=row.json,
                snapshot=snapshot_from_json(row.snapshot),
                decision=decision_from_json(row.decision),
            )

    def _rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        return self._questions.ask(lambda connection: connection.execute(query).all())


def _decisions(account: str) -> Select[Any]:
    """Select an account's decisions with the rules they were made by."""
    return select(decisions, rules.c.json).join(rules).where(decisions.c.account == account)


def _terms(account: str) -> Select[Any]:
    """Select all terms an account's contracts ever had."""
    return select(terms).where(terms.c.account == account).order_by(terms.c.id)


def _order(row: Row[Any]) -> JournaledOrder:
    return JournaledOrder(
        request=record_of(OrderRequest, row),
        decision_number=row.decision_number,
        hedge=row.hedge,
        leg=row.leg,
        intent=row.intent,
        arrival_mid=row.arrival_mid,
        state=row.state,
        filled=row.filled,
        sent_at_ms=row.sent_at_ms,
        updated_at_ms=row.updated_at_ms,
    )


class _Contracts:
    """Finds an order's contract as it was: by the terms then in force, or in the picture its decision was made on."""

    def __init__(
        self, account: str, terms: Sequence[Row[Any]], picture: Callable[[str, int], Snapshot]
    ) -> None:
        self._account = account
        self._picture = picture
        self._terms: dict[str, list[tuple[int, Contract]]] = {}
        for row in terms:
            known = self._terms.setdefault(row.symbol, [])
            known.append((row.since_ms, contract_from_json(row.json)))

    def at(self, order: JournaledOrder) -> Contract:
        """Give an order's contract; an order of an intent has a decision."""
        symbol, sent_at_ms = order.request.symbol, order.sent_at_ms or 0
        then = [contract for since_ms, contract in self._terms.get(symbol, []) if since_ms <= sent_at_ms]
        if then:
            return then[-1]
        return self._picture(self._account, order.decision_number or 0).contract(symbol)
