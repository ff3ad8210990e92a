"""What cannot wait at the touch: coins that came or went, a position that moved without us, a wide gap, thin margin.

A small drift waits and saves the spread; everything else is unhedged spot and crosses at once (reference section 13).
The first hedge of all is opened with patience, as ``pricing.patience_seconds`` says. Once a gap is urgent it stays so
until it is closed.
"""

from dataclasses import replace

from bot.core.exposure import Book, Exposure
from bot.core.instruments import family_of
from bot.core.memory import HedgeMemory, Rung
from bot.core.policy import Band
from bot.core.rules import HedgeRules, Rules
from bot.core.snapshot import Snapshot
from bot.core.values import ZERO


def judged(
    snapshot: Snapshot,
    rules: Rules,
    hedge: HedgeRules,
    book: Book,
    measured: Exposure,
    rung: Rung,
    band: Band,
) -> HedgeMemory:
    """Give the hedge's memory with urgency judged anew; forgotten with the gap it belongs to.

    ``band`` is the hedge's own, whatever it is held to while it moves from one contract to the next.
    """
    memory = snapshot.memory.of(hedge.name)
    if not measured.outside:
        return replace(memory, urgent="") if memory.urgent else memory
    cause = memory.urgent or _cause(snapshot, rules, hedge, book, measured, rung, band)
    return replace(memory, urgent=cause) if cause else memory


def _cause(
    snapshot: Snapshot,
    rules: Rules,
    hedge: HedgeRules,
    book: Book,
    measured: Exposure,
    rung: Rung,
    band: Band,
) -> str:
    """Say in words why a gap cannot wait; empty if it can.

    Own coins told in another coin move with prices: no jump of theirs says that coins came or went.
    """
    memory = snapshot.memory.of(hedge.name)
    jump = ZERO if memory.own is None or book.foreign else abs(measured.own - memory.own)
    if memory.own is not None and jump > band.outer * memory.own:
        return "coins came or went"
    if any(family_of(symbol) == hedge.symbol for symbol in snapshot.shifted):
        return "the position moved without an order of ours"
    if _wide(rules, book, measured, memory):
        return "the gap of a standing hedge is wide"
    if measured.gap > ZERO and rung >= Rung.STOP:
        return "margin is thin and the hedge is to be reduced"
    return ""


def _wide(rules: Rules, book: Book, measured: Exposure, memory: HedgeMemory) -> bool:
    """Whether a gap just seen in a hedge that already stands is too wide to wait with."""
    if memory.gap_since_ms is not None or measured.held == ZERO:
        return False
    own = book.contract.contracts_for(measured.own, book.mark)
    return abs(measured.gap) >= rules.pricing.urgent_gap * own
