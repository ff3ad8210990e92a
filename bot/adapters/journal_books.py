"""What the books of one account expect: positions, incidents, rejections, terms. Each question on a connection.

Nothing here begins or ends a transaction, and nothing is kept from one call to the next.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from bot.adapters.tables import decisions, fills, has, incidents, orders, record_of, terms, values_of
from bot.core import positions
from bot.core.books import SHIFTS, Incident
from bot.core.instruments import Contract
from bot.core.orders import OrderState
from bot.core.positions import Rebasing
from bot.core.reports import Fill
from bot.core.snapshot import Setback
from bot.core.values import ZERO, Money

_CONTRACT: TypeAdapter[Contract] = TypeAdapter(Contract)
REJECTIONS_LOOK = 1_000
"""How many of the last orders are looked through for rejections in a row."""


# --- positions and incidents (I1) ------------------------------------------------------------------------------


def held(connection: Connection, account: str) -> dict[str, Decimal]:
    """Sum fills and re-basings, by contract."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    filled = select(fills.c.symbol, fills.c.side, fills.c.contracts).where(fills.c.account == account)
    for symbol, side, contracts in connection.execute(filled):
        sums[symbol] += side.sign * contracts
    rebased = select(incidents.c.symbol, incidents.c.rebased).where(incidents.c.account == account)
    for symbol, contracts in connection.execute(rebased):
        sums[symbol] += contracts
    return sums


def realised(connection: Connection, account: str) -> dict[str, Money]:
    """Sum the price profit that fills realised, by contract; of one we never watched, only what was told can be summed.

    Raises:
        ValueError: the terms of a contract cannot be read.
    """
    moves: dict[str, list[Fill | Rebasing]] = defaultdict(list)
    query = select(fills).where(fills.c.account == account).order_by(fills.c.at_ms, fills.c.id)
    for row in connection.execute(query):
        moves[row.symbol].append(record_of(Fill, row))
    for row in connection.execute(select(incidents).where(incidents.c.account == account)):
        if row.rebased != ZERO:
            taken_over = Rebasing(contracts=row.rebased, entry_price=row.entry_price, at_ms=row.at_ms)
            moves[row.symbol].append(taken_over)
    known = accepted_terms(connection, account)
    return {
        symbol: positions.realised(known[symbol], sorted(of_symbol, key=lambda move: move.at_ms))
        if symbol in known
        else Money(sum([one.realised_pnl or ZERO for one in of_symbol if isinstance(one, Fill)], ZERO))
        for symbol, of_symbol in moves.items()
    }


def write_incidents(
    connection: Connection, account: str, found: Iterable[Incident], at_ms: int
) -> tuple[Incident, ...]:
    """Write incidents that are not known yet; returns those."""
    new = []
    for incident in found:
        if not has(connection, incidents, account=account, kind=incident.kind, key=incident.key):
            row = {**values_of(incident), "account": account, "at_ms": at_ms}
            connection.execute(insert(incidents).values(row))
            new.append(incident)
    return tuple(new)


def shifted(connection: Connection, account: str) -> tuple[str, ...]:
    """List contracts that moved without a fill of ours, and that no whole picture has been decided on since."""
    query = select(incidents.c.symbol).where(*_unanswered(account)).order_by(incidents.c.id)
    return tuple(dict.fromkeys(connection.execute(query).scalars()))


def answer(connection: Connection, account: str, decision: int) -> None:
    """Note that a decision on a whole picture has answered what shifted."""
    connection.execute(update(incidents).where(*_unanswered(account)).values(answered_by=decision))


def _unanswered(account: str) -> tuple[ColumnElement[bool], ...]:
    return (
        incidents.c.account == account,
        incidents.c.answered_by.is_(None),
        incidents.c.kind.in_(sorted(SHIFTS)),
    )


# --- rejections ------------------------------------------------------------------------------------------------


def setbacks(connection: Connection, account: str) -> dict[str, Setback]:
    """Count, per contract, the orders rejected one after the other since one was taken."""
    query = (
        select(orders.c.symbol, orders.c.state, orders.c.updated_at_ms)
        .where(orders.c.account == account, orders.c.sent_at_ms.is_not(None))
        .order_by(orders.c.sent_at_ms.desc(), orders.c.decision_number.desc().nulls_last())
        .limit(REJECTIONS_LOOK)
    )
    counted: dict[str, Setback] = {}
    over = set()
    for symbol, state, at_ms in connection.execute(query):
        if symbol in over or state in {OrderState.SENT, OrderState.UNKNOWN}:
            continue
        if state is not OrderState.REJECTED:
            over.add(symbol)
            continue
        before = counted.get(symbol)
        counted[symbol] = Setback(
            symbol=symbol,
            count=1 if before is None else before.count + 1,
            last_at_ms=at_ms if before is None else before.last_at_ms,
        )
    return counted


# --- contracts -------------------------------------------------------------------------------------------------


def accepted_terms(connection: Connection, account: str) -> dict[str, Contract]:
    """Give every contract in the terms last accepted.

    Raises:
        ValueError: one cannot be read.
    """
    query = select(terms.c.symbol, terms.c.json).where(terms.c.account == account).order_by(terms.c.id)
    return {symbol: contract_from_json(text) for symbol, text in connection.execute(query).all()}


def contract_from_json(text: str) -> Contract:
    """Read a contract as it was written down.

    Raises:
        ValueError: the text is not JSON, or not a contract.
    """
    return _CONTRACT.validate_json(text, strict=True)


def write_terms(connection: Connection, account: str, contracts: Sequence[Contract], at_ms: int) -> None:
    """Write contracts in the terms that are accepted from now on."""
    for contract in contracts:
        row = {
            "account": account,
            "symbol": contract.symbol,
            "since_ms": at_ms,
            "json": _CONTRACT.dump_json(contract).decode(),
        }
        connection.execute(insert(terms).values(row))


def last_at_ms(connection: Connection, account: str) -> int:
    """Give the latest time of any decision; 0 before the first."""
    query = select(func.max(decisions.c.at_ms)).where(decisions.c.account == account)
    return connection.execute(query).scalar() or 0
