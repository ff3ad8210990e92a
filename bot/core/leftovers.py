"""Orders that were left behind in a contract that a hedge no longer goes by."""

from bot.core import desk
from bot.core.desk import Case, Outcome
from bot.core.instruments import Contract, DatedFuture
from bot.core.snapshot import Snapshot


def settled(case: Case) -> Outcome | None:
    """Settle what works in a contract that the hedge neither holds on to nor goes to any more, before anything else.

    Nobody would look at such an order, and its fill beside another's would make too much of the hedge (invariant I4). In a
    contract that has expired, or is listed no more, nothing can fill.
    """
    here = {case.carrier.symbol} | ({case.legs.near.symbol} if case.legs.near else set())
    others = {
        one.symbol
        for one in case.snapshot.contracts
        if one.family == case.hedge.symbol and one.symbol not in here and not _expired(one, case.snapshot)
    }
    for order in case.snapshot.working:
        symbol = order.request.symbol
        if symbol in others:
            return desk.blocked(case, (symbol,)) or desk.cancel(
                case, order, f"the hedge is not carried by {symbol} now"
            )
    return None


def _expired(contract: Contract, snapshot: Snapshot) -> bool:
    return isinstance(contract, DatedFuture) and contract.expiry_ms <= snapshot.at_ms
