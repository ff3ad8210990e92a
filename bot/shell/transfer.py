"""Move margin from the spot wallet to the futures wallet: written down before it leaves, sent once, looked up if need be.

A transfer moves the owner's money between the owner's wallets, so that one that is found late does no harm; it is never
sent twice all the same, and while its fate is open the guard asks for no other.
"""

from collections.abc import Sequence
from functools import partial

from bot.core.relief import TopUp
from bot.core.reports import TransferReport
from bot.core.rules import Rules
from bot.core.snapshot import Transfer
from bot.shell.patience import patiently
from bot.shell.ports import NOT_PLACED, AuthFailedError, Hall, VenueError


async def move_margin(top_up: TopUp, hall: Hall) -> None:
    """Write ``sent``, send once, write the answer; without one it stays sent, and is looked up at every observation.

    Raises:
        AuthFailedError: the venue does not know us.
        JournalUnavailableError: the transfer could not be written down and was not sent, or its answer could not.
    """
    name = top_up.transfer_id
    hall.journal.transfer_moved(TransferReport(transfer_id=name, state="sent"), hall.clock.now_ms())
    hall.journal.lead()
    try:
        report = await hall.venue.transfer(name, top_up.asset, top_up.amount)
    except AuthFailedError as error:
        _refused(name, str(error), hall)
        raise
    except NOT_PLACED as error:
        _refused(name, str(error), hall)
        return
    except VenueError as error:
        hall.log.warning("a top-up has no answer; it is looked up", transfer=name, error=str(error))
        return
    if report.transfer_id != name:
        hall.log.warning("the answer to a top-up is about another; it is looked up", transfer=name)
        return
    hall.journal.transfer_moved(report, hall.clock.now_ms())
    hall.log.warning(
        "margin was topped up" if report.state == "done" else "a top-up was refused",
        transfer=name,
        amount=f"{top_up.amount:f}",
        asset=top_up.asset,
        why=report.reason or top_up.reason,
    )


def _refused(name: str, why: str, hall: Hall) -> None:
    report = TransferReport(transfer_id=name, state="refused", reason=why)
    hall.journal.transfer_moved(report, hall.clock.now_ms())
    hall.log.warning("a top-up did not leave", transfer=name, error=why)


async def look_up_transfers(open_ones: Sequence[Transfer], rules: Rules, hall: Hall) -> None:
    """Ask for every transfer whose fate is open; one that no record has known for long enough counts as never made.

    Raises:
        VenueError: the venue could not be asked; nothing was assumed.
        JournalUnavailableError: an answer could not be written.
    """
    now_ms = hall.clock.now_ms()
    for transfer in open_ones:
        name = transfer.transfer_id
        report = await patiently(partial(hall.venue.transfer_of, transfer), hall.clock)
        if report is not None:
            hall.journal.transfer_moved(report, now_ms)
        elif now_ms - transfer.since_ms > rules.books.absent_crossing_seconds * 1000:
            _refused(name, "no record has known it for long enough", hall)
