"""Something worth telling a person who is not looking."""

from typing import Literal

from bot.core.values import record

NoticeKind = Literal[
    "started",
    "stopped",
    "crashed",
    "preflight",
    "key_refused",
    "journal_lost",
    "venue_lost",
    "venue_back",
    "blind",
    "fill",
    "order_refused",
    "order_rejected",
    "order_unknown",
    "foreign_order",
    "incident",
    "terms_changed",
    "guard_state",
    "cause",
    "cause_ended",
    "top_up",
    "roll_late",
    "roll_done",
    "policy",
    "exit",
    "test",
]
Severity = Literal["info", "warning", "critical"]


@record
class Notice:
    """Something worth telling a person who is not looking."""

    kind: NoticeKind
    severity: Severity
    account: str
    """Empty if it is about the whole process."""
    hedge: str | None
    """None is the whole account."""
    text: str
    """What happened, and the remedy if there is one, as sentences."""
    at_ms: int
    key: str
    """What makes it the same notice when it is said again, among those of its kind and account."""
    state: str = ""
    """Of something that goes to and fro, as what begins and ends: what it is now. Another state is no repeat."""

    @property
    def subject(self) -> tuple[str, ...]:
        """What it is about: what is said of it again in the same state is a repeat. Kinds that tell states share it."""
        return (self.account, self.key) if self.state else (self.account, self.key, self.kind)
