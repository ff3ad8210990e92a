"""Make our book agree with the venue's records. Never guess, never resend.

* An order the venue lists is what the venue says (I2).
* An order of ours it does not list is looked up by its name, and failing that by the fills that bear it.
* PLANNED means that it never left: we write SENT before we send. At start such an order ends as cancelled.
* "Not found" is not "not placed", nor "gone": the order is UNKNOWN and blocks its contract until a record of it or its
  fills turn up, a person has looked at the venue, or every record has lacked it for so long that it cannot be alive.
* A position that our fills do not explain is believed when a second reading and a second source say the same; then it is
  an incident, and the books take it over (I1).
* An open order that bears our prefix and is not in the books is taken back or into them; others are named (I2).

Every observation does all of it: the open orders and positions are there anyway, and comparing them costs nothing.
"""

from typing import Literal

from bot.core import books
from bot.core.books import Difference
from bot.core.orders import DONE, OrderState, WorkingOrder
from bot.core.reports import Fill, OrderReport
from bot.core.rules import Rules
from bot.core.values import ZERO, Contracts, record
from bot.shell.lookup import cancel, hear, look_up, note, settle
from bot.shell.patience import patiently
from bot.shell.ports import (
    AccountReport,
    AuthFailedError,
    Clock,
    Hall,
    HedgerowError,
    Journal,
    NotListedError,
    VenueError,
)


@record
class Picture:
    """The venue's word on the account, and what of it does not agree with the books."""

    account: AccountReport
    fills: tuple[Fill, ...]
    """New ones."""
    letters: tuple[str, ...]
    """What is not settled yet, in words: nothing may be decided on it."""


async def agree(rules: Rules, hall: Hall, *, mend: bool) -> Picture:
    """Read the account, bring orders and fills up to it, and make books and venue agree (I1, I2, I3).

    What does not agree at first is read a second time before it is believed. Without ``mend`` stray orders are named and
    left alone: whoever only looks takes nothing back.

    Raises:
        VenueError: a part of the account could not be read.
        JournalUnavailableError: what was found could not be written.
    """
    account, fills, lost = await _read(hall)
    note(_named(account, rules, hall), hall)
    first, strays = _differences(account, hall), await _strays(account, hall)
    if not first and not strays:
        await _end_absent(lost, account, rules, hall)
        return Picture(account=account, fills=fills, letters=())
    letters = [letter for report in strays if mend for letter in await _see_to(report, rules, hall)]
    account, new, _ = await _read(hall)
    letters += await _believe(first, account, new, hall)
    letters += [
        f"order {report.client_order_id} stands open in {report.symbol} and is not in our books"
        for report in await _strays(account, hall)
    ]
    return Picture(account=account, fills=fills + new, letters=tuple(letters))


async def _read(hall: Hall) -> tuple[AccountReport, tuple[Fill, ...], tuple[WorkingOrder, ...]]:
    """Read the account, then what filled; bring our orders up to both. Gives also the orders no record knows.

    Orders are read before positions, and looked up after: a fill in between is counted twice, as in flight and as held,
    for one picture, and never not at all (I4).
    """
    account = await patiently(hall.venue.account, hall.clock)
    fills = await hear(hall)
    new, lost = await settle_orders(account, hall)
    return account, fills + new, lost


async def settle_orders(
    account: AccountReport, hall: Hall
) -> tuple[tuple[Fill, ...], tuple[WorkingOrder, ...]]:
    """Bring every working order of ours up to the venue's word.

    Returns the fills heard on the way, and the orders that the venue has no record of.

    Raises:
        VenueError: the venue could not be asked; nothing was assumed.
        JournalUnavailableError: the answer could not be written.
    """
    listed = {report.client_order_id: report for report in account.open_orders}
    fills: tuple[Fill, ...] = ()
    lost: tuple[WorkingOrder, ...] = ()
    for order in hall.journal.working():
        if order.state is OrderState.PLANNED:
            continue
        report = listed.get(order.request.client_order_id)
        done = await (look_up(order, hall) if report is None else settle(order, report, hall))
        fills += done.fills
        lost += () if done.recorded else (order,)
    return fills, lost


async def _end_absent(
    lost: tuple[WorkingOrder, ...], account: AccountReport, rules: Rules, hall: Hall
) -> None:
    """End orders that no record has known for long enough, while positions agree by two sources (I1, I3)."""
    listed = {position.symbol: position.contracts for position in account.positions}
    for order in lost:
        symbol, now_ms = order.request.symbol, hall.clock.now_ms()
        expected = hall.journal.held().get(symbol, ZERO)
        if not books.absent(order, now_ms, rules.books) or listed.get(symbol, ZERO) != expected:
            continue
        if await _second_source(symbol, hall) != expected:
            continue
        filled = max(order.filled, hall.journal.filled(order.request.client_order_id))
        state = OrderState.CANCELLED if filled else OrderState.REJECTED
        ended = books.report_on(
            order, state, "no record has known it for long enough; positions agree", filled
        )
        hall.journal.order_moved(ended, now_ms)
        hall.log.warning(
            "an order whose answer was lost was never placed", order=ended.client_order_id, symbol=symbol
        )


def _named(account: AccountReport, rules: Rules, hall: Hall) -> tuple[books.Incident, ...]:
    """Name what only a person can mend: orders that are not ours, and orders whose fate is open for too long."""
    unknown_ms_max = int(rules.risk.unknown_seconds_max * 1000)
    late = books.overdue(hall.journal.working(), hall.clock.now_ms(), unknown_ms_max)
    return books.foreign_orders(account.open_orders) + late


def _differences(account: AccountReport, hall: Hall) -> tuple[Difference, ...]:
    journal = hall.journal
    return books.differences(journal.held(), journal.working(), journal.filled, account.positions)


# --- positions ----------------------------------------------------------------------------------------------


async def _believe(
    first: tuple[Difference, ...], account: AccountReport, new: tuple[Fill, ...], hall: Hall
) -> list[str]:
    """Believe what a second reading confirms, and re-base the books on it; returns what is not settled, in words."""
    second = _differences(account, hall)
    letters = []
    traded = {fill.symbol for fill in new}
    for difference in second:
        symbol = difference.symbol
        if difference.open_fates:
            letters.append(
                f"the position of {symbol} is {difference.actual:f}, the books expect {difference.expected:f}, and the"
                f" fate of {', '.join(difference.open_fates)} is open"
            )
        elif symbol in traded or not _confirmed(difference, first):
            letters.append(f"the position of {symbol} is moving")
        else:
            letters += await _believe_one(difference, hall)
    return letters


def _confirmed(difference: Difference, first: tuple[Difference, ...]) -> bool:
    return any(difference.symbol == other.symbol and difference.moved == other.moved for other in first)


async def _believe_one(difference: Difference, hall: Hall) -> list[str]:
    """Ask the second source; if it says the same, write the incident and re-base the books."""
    symbol = difference.symbol
    seen = await _second_source(symbol, hall)
    if seen != difference.actual:
        told = f"{difference.actual:f} contracts" if difference.actual else "no position"
        return [f"the venue lists {told} in {symbol}, and its second source {seen:f}"]
    note((books.moved(difference, hall.clock.now_ms()),), hall)
    return []


async def _second_source(symbol: str, hall: Hall) -> Contracts:
    """Read one position from the second source; in a contract that is listed no more there is none."""
    try:
        positions = await patiently(lambda: hall.venue.positions((symbol,)), hall.clock)
    except NotListedError:
        return Contracts(ZERO)
    return next((one.contracts for one in positions if one.symbol == symbol), Contracts(ZERO))


# --- stray orders -------------------------------------------------------------------------------------------


async def _strays(account: AccountReport, hall: Hall) -> tuple[OrderReport, ...]:
    """List open orders under our prefix that do not work by our books; one that has just ended may be listed still."""
    suspects = books.strays(account.open_orders, hall.journal.working())
    return tuple([report for report in suspects if await _still_open(report, hall)])


async def _still_open(report: OrderReport, hall: Hall) -> bool:
    """Whether an order that is listed as open is not done by the venue's own record of it."""
    again = await patiently(lambda: hall.venue.order(report.symbol, report.client_order_id), hall.clock)
    return again is None or again.state not in DONE


async def _see_to(report: OrderReport, rules: Rules, hall: Hall) -> list[str]:
    """Take a stray order back, or into the books; the incident is written first. Returns what failed, in words."""
    ended = hall.journal.knows(report.client_order_id)
    hedge = books.owner(report.symbol, rules.hedges)
    adopt = rules.books.stray_orders == "adopt" and not ended
    if adopt and hedge is not None and report.request is not None:
        note((books.stray(report, ended=ended, adopted=True),), hall)
        now_ms = hall.clock.now_ms()
        order = WorkingOrder(
            request=report.request, state=report.state, filled=report.filled, since_ms=now_ms
        )
        hall.journal.adopt(order, hedge.name)
        return []
    note((books.stray(report, ended=ended, adopted=False),), hall)
    return await _take_back_stray(report, hall)


async def _take_back_stray(report: OrderReport, hall: Hall) -> list[str]:
    """Cancel an order that is not in the books; whether it still stands is looked up after the next reading."""
    name = report.client_order_id
    try:
        await patiently(lambda: cancel(report.symbol, name, hall), hall.clock)
    except AuthFailedError:
        raise
    except VenueError as error:
        return [f"order {name} is not in our books and cannot be taken back: {error}"]
    return []


# --- before the first look, and by hand -----------------------------------------------------------------------


async def drop_unsent(hall: Hall) -> int:
    """End orders that were planned but never left, before anything else happens; returns how many."""
    planned = [order for order in hall.journal.working() if order.state is OrderState.PLANNED]
    for order in planned:
        why = "planned before a restart and never sent"
        ended = books.report_on(order, OrderState.CANCELLED, why, order.filled)
        hall.journal.order_moved(ended, hall.clock.now_ms())
    return len(planned)


def settle_by_hand(
    journal: Journal, client_order_id: str, verdict: Literal["gone"], clock: Clock
) -> OrderReport:
    """End an order whose fate is open, because a person has looked at the venue and says that it is gone.

    What filled of it stays booked; a fill that is heard later is booked on it, too.

    Raises:
        HedgerowError: no order of that name has an open fate.
        JournalUnavailableError: it could not be written.
    """
    unknown = {
        order.request.client_order_id: order
        for order in journal.working()
        if order.state is OrderState.UNKNOWN
    }
    if client_order_id not in unknown:
        names = ", ".join(unknown) or "none"
        raise HedgerowError(
            f"Order {client_order_id} cannot be settled by hand: only an order that is unknown can be; those are: {names}."
        )
    order = unknown[client_order_id]
    filled = max(order.filled, journal.filled(client_order_id))
    ended = books.report_on(order, OrderState.CANCELLED, f"a person looked at the venue: {verdict}", filled)
    journal.order_moved(ended, clock.now_ms())
    return ended
