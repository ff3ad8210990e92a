"""The guard's stamp: each wish becomes Approved or Refused; nothing else in the house can make either.

Every order is judged on the state *after* it, gate by gate. An order that adds exposure is shrunk to what the limits
allow before it is refused; an order that reduces is stopped by nothing that is meant for increases (invariant I5 leaves
the way out open). A wish that cannot be judged is refused.
"""

from dataclasses import replace
from typing import Literal

from bot.core import gates
from bot.core.gates import Gate, Papers, Verdict
from bot.core.memory import State
from bot.core.orders import Leg, OrderRequest
from bot.core.rules import Rules
from bot.core.snapshot import Snapshot
from bot.core.values import ZERO, Contracts, Price, Side, record


@record
class Wish:
    """An order as a hedge would like it, before the guard."""

    hedge: str
    request: OrderRequest
    leg: Leg
    crossing: bool
    intent: int
    """Number of the decision that first saw the gap this order works on."""
    arrival_mid: Price
    """Mid of the contract at that decision: the price its fills are measured against."""
    restores: bool = False
    """Whether it takes the place of what another leg of the same clip has just closed: on balance it adds nothing."""


@record
class Approved:
    """A request that may be sent, with every gate's verdict. Made only in this file."""

    hedge: str
    request: OrderRequest
    leg: Leg
    crossing: bool
    intent: int
    arrival_mid: Price
    contracts_asked: Contracts
    verdicts: tuple[Verdict, ...]
    kind: Literal["place"] = "place"


@record
class Refused:
    """A wish that may not be sent, and why."""

    hedge: str
    contracts_asked: Contracts
    side: Side
    verdicts: tuple[Verdict, ...]

    @property
    def gates(self) -> tuple[Gate, ...]:
        """Name the gates that said no."""
        return tuple(verdict.gate for verdict in self.verdicts if not verdict.passed)


def judge(snapshot: Snapshot, rules: Rules, asked: Wish, state: State = State.NORMAL) -> Approved | Refused:
    """Judge a wish at every gate, the guard being in ``state``; approve it, shrunk if need be, or refuse it."""
    wish = asked.request
    papers = Papers(snapshot=snapshot, risk=rules.risk, guard=rules.guard, state=state, wish=wish)
    verdicts = gates.reducing(papers)
    if not wish.reduce_only:
        verdicts += gates.restoring(papers) if asked.restores else gates.adding(papers)
    size = min(verdict.contracts_allowed for verdict in verdicts)
    verdicts.append(gates.venue_minimum(papers, size))
    if not verdicts[-1].passed or size == ZERO:
        return Refused(
            hedge=asked.hedge, contracts_asked=wish.contracts, side=wish.side, verdicts=tuple(verdicts)
        )
    return Approved(
        hedge=asked.hedge,
        request=wish if size == wish.contracts else replace(wish, contracts=size),
        leg=asked.leg,
        crossing=asked.crossing,
        intent=asked.intent,
        arrival_mid=asked.arrival_mid,
        contracts_asked=wish.contracts,
        verdicts=tuple(verdicts),
    )
