"""Hand the slips to the venue: cancels first, then orders, each written down before it leaves (I3, I6).

Placing is tried once. Its outcome is what the venue answers about this very order; REJECTED on proof that nothing was
placed; and UNKNOWN otherwise, which is looked up at once, then at every observation, and never sent again.
"""

from dataclasses import replace

from bot.core.books import misfit, report_on
from bot.core.decide import Decision
from bot.core.desk import Cancel
from bot.core.orders import DONE, OrderRequest, OrderState, WorkingOrder
from bot.core.relief import TopUp
from bot.core.reports import OrderReport
from bot.core.risk import Approved
from bot.core.values import ZERO, Contracts
from bot.shell.lookup import Done, cancel, find, look_up, settle
from bot.shell.patience import patiently
from bot.shell.ports import NOT_PLACED, AuthFailedError, Hall, VenueError
from bot.shell.transfer import move_margin


async def execute(decision: Decision, hall: Hall) -> tuple[Done, ...]:
    """Carry out a decision that is already journaled; returns what became of each order.

    Raises:
        JournalUnavailableError: an order could not be written down; it was not sent.
        AuthFailedError: the venue does not know us.
    """
    cancels = [command for command in decision.commands if isinstance(command, Cancel)]
    places = [command for command in decision.commands if isinstance(command, Approved)]
    for command in decision.commands:
        if isinstance(command, TopUp):
            await move_margin(command, hall)
    working = {order.request.client_order_id: order for order in hall.journal.working()}
    done = [
        await take_back(working[command.client_order_id], command.reason, hall)
        for command in cancels
        if command.client_order_id in working
    ]
    done += [await _place(command.request, hall) for command in places]
    return tuple(done)


async def _place(request: OrderRequest, hall: Hall) -> Done:
    """Write SENT, send, write the answer."""
    order = _move(_planned(request, hall), OrderState.SENT, "about to leave", hall)
    hall.journal.lead()
    try:
        report = await hall.venue.place(request)
    except AuthFailedError as error:
        _move(order, OrderState.REJECTED, str(error), hall)
        raise
    except NOT_PLACED as error:
        moved = _move(order, OrderState.REJECTED, str(error), hall)
        return Done(report=report_on(moved, moved.state, str(error), moved.filled))
    except VenueError as error:
        return await find(_move(order, OrderState.UNKNOWN, str(error), hall), hall)
    unfit = misfit(request, report)
    if unfit:
        return await find(_move(order, OrderState.UNKNOWN, unfit, hall), hall)
    return await _settle(order, report, hall)


async def take_back(order: WorkingOrder, reason: str, hall: Hall) -> Done:
    """Cancel an order: write CANCELLING, ask, write the answer; without one, reconciling will find out.

    The answer to a cancel says nothing about an order whose fate is open: only a look-up does.

    Raises:
        AuthFailedError: the venue does not know us.
        JournalUnavailableError: the cancel could not be written down and was not sent, or its answer could not.
    """
    request, fate_open = order.request, order.state in {OrderState.SENT, OrderState.UNKNOWN}
    if not fate_open:
        order = _move(order, OrderState.CANCELLING, reason, hall)
    try:
        report = await patiently(lambda: cancel(request.symbol, request.client_order_id, hall), hall.clock)
        if fate_open or misfit(request, report):
            return await look_up(order, hall)
    except AuthFailedError:
        raise
    except VenueError as error:
        why = f"the cancel has no answer: {error}"
        return Done(report=report_on(order, order.state, why, order.filled))
    return await _settle(order, report, hall)


async def _settle(order: WorkingOrder, report: OrderReport, hall: Hall) -> Done:
    """Settle an order by an answer that is about it; while its fills cannot be read, it stays as it was written last.

    An order that ended with fills nobody has told us of yet is looked up until they are heard.
    """
    try:
        done = await settle(order, report, hall)
        if done.report.state is not OrderState.UNKNOWN:
            return done
        found = await find(order, hall)
        return Done(report=found.report, fills=done.fills + found.fills)
    except AuthFailedError:
        raise
    except VenueError as error:
        why = f"the venue says {report.state}, and its fills cannot be read: {error}"
        return Done(report=report_on(order, order.state, why, order.filled))


def _planned(request: OrderRequest, hall: Hall) -> WorkingOrder:
    """Make a working order of a request that the decision has planned."""
    return WorkingOrder(
        request=request,
        state=OrderState.PLANNED,
        filled=Contracts(ZERO),
        since_ms=hall.clock.now_ms(),
    )


def _move(order: WorkingOrder, state: OrderState, reason: str, hall: Hall) -> WorkingOrder:
    """Write an order's next state down; returns it in that state."""
    at_ms = hall.clock.now_ms()
    hall.journal.order_moved(report_on(order, state, reason, order.filled), at_ms)
    return replace(order, state=state, since_ms=at_ms)


def may_stand(done: Done) -> bool:
    """Whether an order may still stand at the venue."""
    return done.report.state not in DONE
