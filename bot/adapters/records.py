"""Snapshots and decisions as JSON text, and back to the last digit: what the journal keeps and replay reads.

The records stay plain dataclasses that know nothing of pydantic; the adapters here read their annotations. Slots,
``NewType`` units and keyword-only fields need no help. Three things are relied on, and tested:

* A Decimal is written as the string ``str`` gives and read back from it: ``1.10``, ``-0`` and ``1E+3`` survive.
* Reading is strict: what does not fit a field is a fault, and is not bent into shape.
* ``TopUp | Approved | Cancel`` are told apart by their literal ``kind``: no other record can be built from one.
"""

from pydantic import TypeAdapter

from bot.core.decide import Decision
from bot.core.snapshot import Snapshot

_SNAPSHOT = TypeAdapter(Snapshot)
_DECISION = TypeAdapter(Decision)


def snapshot_to_json(snapshot: Snapshot) -> str:
    """Write a snapshot as compact JSON."""
    return _SNAPSHOT.dump_json(snapshot).decode()


def snapshot_from_json(text: str) -> Snapshot:
    """Read a snapshot that :func:`snapshot_to_json` wrote.

    Raises:
        ValueError: the text is not JSON, or not a snapshot.
    """
    return _SNAPSHOT.validate_json(text, strict=True)


def decision_to_json(decision: Decision) -> str:
    """Write a decision as compact JSON."""
    return _DECISION.dump_json(decision).decode()


def decision_from_json(text: str) -> Decision:
    """Read a decision that :func:`decision_to_json` wrote.

    Raises:
        ValueError: the text is not JSON, or not a decision.
    """
    return _DECISION.validate_json(text, strict=True)
