"""The life of an order, and its name. Rule: everything that moves an order between states is in this file.

An order is PLANNED when it is written down, SENT when its request leaves, and then what the venue says. An
answer that was lost makes it UNKNOWN, and unknown blocks its instrument until the venue's own records settle it::

    PLANNED --> SENT --> OPEN --> CANCELLING --> CANCELLED
                  |        |          |
                  |        +----------+--------> FILLED
                  +--> REJECTED
    any working state --> UNKNOWN --> any state the venue's records prove

FILLED after CANCELLED is legal: the fill was on its way when the cancel arrived, and money moved.
"""

import hashlib
from enum import StrEnum
from typing import Literal

from bot.core.values import ZERO, Contracts, Price, Side, record


class OrderState(StrEnum):
    """Where an order stands."""

    PLANNED = "planned"
    """Journaled; the request has not left."""
    SENT = "sent"
    """The request left or was about to; no answer yet."""
    UNKNOWN = "unknown"
    """The answer was lost."""
    OPEN = "open"
    """The venue has it and it may fill."""
    CANCELLING = "cancelling"
    """A cancel left; the order may still fill."""
    FILLED = "filled"
    """Filled in full."""
    CANCELLED = "cancelled"
    """Ended with some or nothing filled."""
    REJECTED = "rejected"
    """Never stood at the venue, by the venue's own word or records."""


S = OrderState
TRANSITIONS: dict[OrderState, frozenset[OrderState]] = {
    S.PLANNED: frozenset({S.SENT, S.CANCELLED}),
    S.SENT: frozenset({S.OPEN, S.FILLED, S.CANCELLED, S.REJECTED, S.UNKNOWN}),
    S.UNKNOWN: frozenset({S.OPEN, S.FILLED, S.CANCELLED, S.REJECTED}),
    S.OPEN: frozenset({S.CANCELLING, S.FILLED, S.CANCELLED, S.UNKNOWN}),
    S.CANCELLING: frozenset({S.OPEN, S.FILLED, S.CANCELLED, S.UNKNOWN}),
    S.FILLED: frozenset(),
    S.CANCELLED: frozenset({S.FILLED}),
    S.REJECTED: frozenset(),
}
"""The legal moves. Staying in a state is always legal: fills arrive in parts."""

DONE = frozenset({S.FILLED, S.CANCELLED, S.REJECTED})
"""Nothing more is expected."""
WORKING = frozenset(S) - DONE
"""May still change the position."""
BLOCKING = WORKING - {S.OPEN}
"""Nothing new may be decided for the instrument until the venue has spoken."""


class IllegalTransitionError(Exception):
    """An order was asked to make a move the table does not allow: our book or the venue's is wrong."""


def move(client_order_id: str, now: OrderState, then: OrderState) -> OrderState:
    """Return ``then`` if the table allows the move.

    Raises:
        IllegalTransitionError: it does not.
    """
    if then is not now and then not in TRANSITIONS[now]:
        raise IllegalTransitionError(f"Order {client_order_id} cannot go from {now} to {then}.")
    return then


class TimeInForce(StrEnum):
    """How long an order may stand."""

    GTC = "gtc"
    """Until cancelled."""
    IOC = "ioc"
    """What fills at once; the rest is cancelled."""
    POST_ONLY = "post_only"
    """Until cancelled, refused if it would take."""


@record
class OrderRequest:
    """What is asked of a venue. Sizes are unsigned; ``limit_price`` None is a market order."""

    client_order_id: str
    symbol: str
    side: Side
    contracts: Contracts
    limit_price: Price | None
    time_in_force: TimeInForce
    reduce_only: bool


@record
class WorkingOrder:
    """An order of ours that may still change the position, as our book knows it."""

    request: OrderRequest
    state: OrderState
    filled: Contracts
    since_ms: int
    """When it came into its state."""

    @property
    def remaining(self) -> Contracts:
        """Contracts that may still fill, unsigned."""
        return Contracts(max(self.request.contracts - self.filled, ZERO))

    @property
    def in_flight(self) -> Contracts:
        """Contracts that may still fill, signed."""
        return Contracts(self.request.side.sign * self.remaining)


Leg = Literal["hedge", "near", "far", "guard", "unwind"]
"""Which leg of a decision an order is: the hedge's own trade, a leg of a roll, the guard's reduction, a person's end."""

ID_PREFIX = "hr"
"""Every client order id of ours begins so: foreign orders are told apart by it."""
ID_LENGTH_MAX = 32
"""The shortest limit among the venues."""


def client_order_id(account: str, hedge: str, decision: int, leg: Leg, reprice: int) -> str:
    """Name an order: a pure function of what it is for, so that a resend keeps the name and a reprice changes it.

    Letters, digits and dashes only, at most 32 characters. The hedge is told by ten digits of a hash, which a restart
    reproduces; the rest is legible: ``hr-5f0c2a91b3-417-h0`` is decision 417, hedge leg, first price.
    """
    owner = hashlib.sha256(f"{account}\0{hedge}".encode()).hexdigest()[:10]
    return f"{ID_PREFIX}-{owner}-{decision}-{leg[0]}{reprice}"


def transfer_id(account: str, decision: int) -> str:
    """Name a transfer of margin: a pure function of the decision that asks for it, which asks for one at most."""
    owner = hashlib.sha256(account.encode()).hexdigest()[:10]
    return f"{ID_PREFIX}-{owner}-{decision}-t"
