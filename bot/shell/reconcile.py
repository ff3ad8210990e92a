"""Make our book agree with the venue's records. Never guess, never resend.

* An order the venue lists is what the venue says (I2).
* An order of ours it does not list is looked up by its name, and failing that by the fills that bear it.
* PLANNED means that it never left: we write SENT before we send. At start such an order ends as cancelled.
* "Not found" is not "not placed", nor "gone": the order is UNKNOWN and blocks its contract. Only when the venue still has
  no record of it after a minute of looking is it taken as ended: as never placed if nothing of it ever filled.
"""

from bot.core.orders import OrderState, WorkingOrder
from bot.core.reports import OrderReport
from bot.core.values import Contracts
from bot.shell.execute import patiently
from bot.shell.ports import AccountReport, Clock, Journal, Venue

UNKNOWN_GRACE_MS = 60_000
"""How long an order stays unknown, while the venue is asked again and again, before no record is taken as an answer."""


async def settle_orders(account: AccountReport, venue: Venue, journal: Journal, clock: Clock) -> None:
    """Bring every working order of ours up to the venue's word.

    Raises:
        VenueError: the venue could not be asked; nothing was assumed.
        JournalUnavailableError: the answer could not be written.
    """
    listed = {report.client_order_id: report for report in account.open_orders}
    for order in journal.working():
        if order.state is OrderState.PLANNED:
            continue
        name = order.request.client_order_id
        report = listed.get(name) or await _look_up(order, venue, journal, clock)
        if report.state is not order.state or report.filled != order.filled:
            journal.order_moved(report, clock.now_ms())


async def drop_unsent(journal: Journal, clock: Clock) -> int:
    """End orders that were planned but never left, before anything else happens; returns how many."""
    planned = [order for order in journal.working() if order.state is OrderState.PLANNED]
    for order in planned:
        journal.order_moved(
            _report(order, OrderState.CANCELLED, "planned before a restart and never sent", order.filled),
            clock.now_ms(),
        )
    return len(planned)


async def _look_up(order: WorkingOrder, venue: Venue, journal: Journal, clock: Clock) -> OrderReport:
    """Ask the venue for one order by our name for it; without a record of it, go by the fills that bear its name."""
    request = order.request
    report = await patiently(lambda: venue.order(request.symbol, request.client_order_id))
    if report is not None:
        return report
    filled = max(order.filled, journal.filled(request.client_order_id))
    if filled >= request.contracts:
        return _report(order, OrderState.FILLED, "its fills are its size", filled)
    if order.state is not OrderState.UNKNOWN or clock.now_ms() - order.since_ms <= UNKNOWN_GRACE_MS:
        return _report(order, OrderState.UNKNOWN, "the venue does not list it, which proves nothing", filled)
    ended = OrderState.CANCELLED if filled else OrderState.REJECTED
    return _report(order, ended, "after a minute of asking the venue still has no record of it", filled)


def _report(order: WorkingOrder, state: OrderState, reason: str, filled: Contracts) -> OrderReport:
    return OrderReport(
        client_order_id=order.request.client_order_id,
        symbol=order.request.symbol,
        state=state,
        filled=filled,
        reason=reason,
    )
