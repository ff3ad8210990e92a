"""One turn of the loop, as others are told of it."""

from bot.core.books import Incident
from bot.core.decide import Decision
from bot.core.reports import Fill, OrderReport
from bot.core.snapshot import Snapshot
from bot.core.values import record


@record
class Step:
    """One turn of the loop: what was seen, what was decided, what became of it."""

    snapshot: Snapshot
    decision: Decision
    reports: tuple[OrderReport, ...]
    fills: tuple[Fill, ...]
    """Heard since the step before, those of this step's own orders included."""
    incidents: tuple[Incident, ...] = ()
    """New since the step before."""
    deciding_seconds: float
    """What the decision alone took of the machine's time."""
    seconds: float
    """What all of it took, waiting included."""
