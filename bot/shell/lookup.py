"""Bring one order of ours up to the venue's word: by its name, by the open orders, by the fills that bear its name.

Fills are written before the orders they fill, and an order ends only when the fills its record speaks of have been
heard, so that no order is ever journaled as filled by fills that nobody heard of (I1).
"""

from bot.core.books import Incident, judged, report_on
from bot.core.orders import OrderState, WorkingOrder
from bot.core.reports import Fill, OrderReport
from bot.core.values import ZERO, record
from bot.shell.patience import patiently, until_known
from bot.shell.ports import AuthFailedError, Hall, VenueError


@record
class Done:
    """What became of one order, and the fills heard on the way."""

    report: OrderReport
    fills: tuple[Fill, ...] = ()
    recorded: bool = True
    """Whether the venue had a record of it."""


async def hear(hall: Hall) -> tuple[Fill, ...]:
    """Read fills and payments since the last hearing, write them down, and tell what is strange about them.

    Returns the fills that were new.

    Raises:
        VenueError: they could not be read.
        JournalUnavailableError: they could not be written.
    """
    cursor = hall.journal.cursor()
    activity = await patiently(lambda: hall.venue.activity(cursor), hall.clock)
    if not activity.fills and not activity.payments and activity.cursor == cursor:
        return ()
    heard = hall.journal.heard(activity, hall.clock.now_ms())
    tell(heard.incidents, hall)
    return heard.fills


def note(incidents: tuple[Incident, ...], hall: Hall) -> None:
    """Write incidents down, and tell those that are new."""
    if incidents:
        tell(hall.journal.found(incidents, hall.clock.now_ms()), hall)


def tell(incidents: tuple[Incident, ...], hall: Hall) -> None:
    """Call a person, and keep them for the step that is under way."""
    hall.told.extend(incidents)
    for incident in incidents:
        hall.log.warning(incident.text, incident=incident.kind, symbol=incident.symbol)


async def cancel(symbol: str, client_order_id: str, hall: Hall) -> OrderReport:
    """Ask the venue once to cancel, as long as nobody else can be acting for the account.

    Raises:
        VenueError: there is no answer.
        JournalUnavailableError: somebody else may be acting; nothing was sent.
    """
    hall.journal.lead()
    return await hall.venue.cancel(symbol, client_order_id)


async def settle(order: WorkingOrder, report: OrderReport | None, hall: Hall) -> Done:
    """Write down where an order stands by the venue's record of it, and first the fills that made it so.

    Raises:
        VenueError: its fills could not be read; it stays as it was written last.
        JournalUnavailableError: the answer could not be written.
    """
    fills: tuple[Fill, ...] = ()
    name = order.request.client_order_id
    if report is None or report.state is not OrderState.OPEN or report.filled > ZERO:
        fills = await hear(hall)
    answer = judged(order, report, hall.journal.filled(name))
    if answer.state is not order.state or answer.filled != order.filled:
        hall.journal.order_moved(answer, hall.clock.now_ms())
    return Done(report=answer, fills=fills, recorded=report is not None)


async def look_up(order: WorkingOrder, hall: Hall) -> Done:
    """Ask the venue once for its record of an order by our name, and settle the order by it.

    Raises:
        VenueError: the venue could not be asked; nothing was assumed.
        JournalUnavailableError: the answer could not be written.
    """
    request = order.request
    report = await patiently(lambda: hall.venue.order(request.symbol, request.client_order_id), hall.clock)
    return await settle(order, report, hall)


async def find(order: WorkingOrder, hall: Hall) -> Done:
    """Look an order up whose answer was just lost, several times; what is not found by then stays UNKNOWN.

    Raises:
        AuthFailedError: the venue does not know us.
        JournalUnavailableError: an answer could not be written.
    """
    fills: list[Fill] = []

    async def ask() -> Done:
        done = await _ask_everywhere(_as_journaled(order, hall), hall)
        fills.extend(done.fills)
        return done

    done = await until_known(ask, lambda done: done.report.state is not OrderState.UNKNOWN, hall.clock)
    return Done(report=done.report, fills=tuple(fills))


def _as_journaled(order: WorkingOrder, hall: Hall) -> WorkingOrder:
    """Give an order as the books have it now."""
    name = order.request.client_order_id
    return next((one for one in hall.journal.working() if one.request.client_order_id == name), order)


async def _ask_everywhere(order: WorkingOrder, hall: Hall) -> Done:
    """Ask by name, then among the open orders, then by the fills; a question that fails is one without an answer."""
    request, report = order.request, None
    try:
        report = await hall.venue.order(request.symbol, request.client_order_id)
        if report is None:
            listed = (await hall.venue.account()).open_orders
            report = next((one for one in listed if one.client_order_id == request.client_order_id), None)
        return await settle(order, report, hall)
    except AuthFailedError:
        raise
    except VenueError as error:
        why = f"it cannot be looked up now: {error}"
        return Done(report=report_on(order, OrderState.UNKNOWN, why, order.filled))
