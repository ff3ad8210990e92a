"""Which contract carries a hedge: the one that new short goes into, and the one that is being left, if any."""

from decimal import Decimal

from bot.core import rolls
from bot.core.instruments import Contract, DatedFuture, family_of
from bot.core.memory import CarryMemory, HedgeMemory
from bot.core.rolls import STAGES, Stage, stage_of
from bot.core.rules import HedgeRules, Kind, RollRules, Unlisted
from bot.core.snapshot import Snapshot
from bot.core.values import ZERO, record


@record
class Legs:
    """What a hedge is made of now."""

    carrier: Contract | None
    """What new short goes into; None when there is nothing: that is named, and nothing is opened."""
    near: Contract | None
    """What is held and will be left for the carrier; None when nothing is."""
    stage: Stage
    """Of ``near``, or of the carrier when nothing is being left."""
    trigger: str
    """Why the roll may run although it is not forced yet; empty if it may not."""
    lacks: str
    """Why no far contract can be traded now, in words; empty if none is needed or one is there."""

    @property
    def rolling(self) -> bool:
        """Whether clips move from near to the carrier."""
        return self.near is not None and self.carrier is not None and STAGES[self.stage].roll


def choose(snapshot: Snapshot, hedge: HedgeRules, rules: RollRules, memory: HedgeMemory) -> Legs:
    """Choose the legs of a hedge, from what is listed, quoted and held."""
    if hedge.kind is Kind.PERPETUAL:
        return Legs(
            carrier=snapshot.contract(hedge.symbol), near=None, stage=Stage.HOLD, trigger="", lacks=""
        )
    if memory.carry is not None and memory.carry.wants == "perpetual":
        return _perpetual(snapshot, hedge, rules, memory.carry)
    near = _leaving(snapshot, hedge, rules)
    if near is None:
        return _fresh(snapshot, hedge, rules)
    far: Contract | None
    far, lacks = _far(snapshot, hedge, rules, near, _gone_to(memory, near))
    trigger = _trigger(snapshot, rules, memory, near, far)
    stage = stage_of(near, snapshot.at_ms, rules, triggered=bool(trigger))
    moves = STAGES[stage]
    if (far is None or lacks) and moves.replace:
        far = _substitute(snapshot, hedge, rules, stage)
    if far is None or moves.open_near:
        kept = near if stage is not Stage.SETTLE else None
        return Legs(carrier=kept, near=None, stage=stage, trigger="", lacks="" if moves.open_near else lacks)
    return Legs(carrier=far, near=near, stage=stage, trigger=trigger, lacks=fault(snapshot, far) and lacks)


def _perpetual(snapshot: Snapshot, hedge: HedgeRules, rules: RollRules, carry: CarryMemory) -> Legs:
    """Carry a hedge in the perpetual because it earns more there; what lies in dated contracts is left for it."""
    carrier = next((one for one in snapshot.contracts if one.symbol == hedge.symbol), None)
    near = next((one for one in _held(snapshot, hedge) if isinstance(one, DatedFuture)), None)
    lacks = f"{hedge.symbol} is not listed" if carrier is None else fault(snapshot, carrier)
    if near is None:
        return Legs(carrier=carrier, near=None, stage=Stage.HOLD, trigger=carry.words, lacks=lacks)
    stage = max(stage_of(near, snapshot.at_ms, rules, triggered=True), Stage.PASSIVE, key=list(Stage).index)
    if carrier is None:
        return Legs(carrier=near, near=None, stage=stage, trigger=carry.words, lacks=lacks)
    return Legs(carrier=carrier, near=near, stage=stage, trigger=carry.words, lacks=lacks)


def _gone_to(memory: HedgeMemory, near: Contract) -> str:
    """Name the contract that a roll out of ``near`` has begun to go to; empty if none has begun."""
    roll = memory.roll
    return roll.far if roll is not None and roll.near == near.symbol else ""


def _held(snapshot: Snapshot, hedge: HedgeRules) -> list[Contract]:
    """List the contracts a hedge lies in, nearest expiry first, a perpetual last."""
    held = [
        snapshot.contract(position.symbol)
        for position in snapshot.positions
        if position.contracts != ZERO and family_of(position.symbol) == hedge.symbol
    ]
    return sorted(held, key=_expiry)


def _leaving(snapshot: Snapshot, hedge: HedgeRules, rules: RollRules) -> Contract | None:
    """Find the held contract that goes first: the nearest expiry, or a perpetual once that one is in no window.

    A perpetual only bridges: what of it is left beside a dated contract that may be added to has still to go there.
    """
    held = _held(snapshot, hedge)
    if not held:
        return None
    early = stage_of(held[0], snapshot.at_ms, rules, triggered=False) is Stage.HOLD
    return held[-1] if early and not isinstance(held[-1], DatedFuture) else held[0]


def _expiry(contract: Contract) -> Decimal:
    return Decimal(contract.expiry_ms) if isinstance(contract, DatedFuture) else Decimal("Infinity")


def _listed(snapshot: Snapshot, hedge: HedgeRules) -> list[DatedFuture]:
    """List the family's dated contracts that have not expired: nearest first, or furthest if the hedge is for the back."""
    dated = [
        contract
        for contract in snapshot.contracts
        if isinstance(contract, DatedFuture)
        and contract.family == hedge.symbol
        and contract.expiry_ms > snapshot.at_ms
    ]
    return sorted(dated, key=_expiry, reverse=hedge.kind is Kind.BACK)


def quoted(snapshot: Snapshot, contract: Contract) -> bool:
    """Whether there is a price of a contract at all."""
    return any(quote.symbol == contract.symbol for quote in snapshot.quotes)


def fault(snapshot: Snapshot, contract: Contract) -> str:
    """Say why a contract cannot be traded now; empty if it can."""
    if contract.status != "trading":
        return f"{contract.symbol} is {contract.status}"
    quote = next((quote for quote in snapshot.quotes if quote.symbol == contract.symbol), None)
    if quote is None:
        return f"{contract.symbol} has no quote"
    if min(quote.bid, quote.ask, quote.bid_contracts, quote.ask_contracts) <= ZERO:
        return f"{contract.symbol} has no book"
    return ""


def _far(
    snapshot: Snapshot, hedge: HedgeRules, rules: RollRules, near: Contract, begun: str
) -> tuple[DatedFuture | None, str]:
    """Find the contract to go to: the nearest later one, or the furthest, that is in no window itself and can be traded.

    A roll that has begun stays with its far contract while that is quoted, even if its book is empty for a moment.
    """
    faults = []
    for contract in sorted(_listed(snapshot, hedge), key=lambda one: one.symbol != begun):
        if isinstance(near, DatedFuture) and contract.expiry_ms <= near.expiry_ms:
            continue
        if stage_of(contract, snapshot.at_ms, rules, triggered=False) is not Stage.HOLD:
            continue
        why_not = fault(snapshot, contract)
        if not why_not or (contract.symbol == begun and quoted(snapshot, contract)):
            return contract, why_not
        faults.append(why_not)
    return None, "; ".join(faults) or f"no contract after {near.symbol} is listed"


def _trigger(
    snapshot: Snapshot, rules: RollRules, memory: HedgeMemory, near: Contract, far: Contract | None
) -> str:
    """Keep the trigger that started this roll, or look for one."""
    if memory.carry is not None and far is not None and not isinstance(near, DatedFuture):
        return memory.carry.words
    if memory.roll is not None and memory.roll.near == near.symbol and memory.roll.trigger:
        return memory.roll.trigger
    if far is None or fault(snapshot, near):
        return ""
    return rolls.trigger(snapshot, near, far, rules)


def _substitute(snapshot: Snapshot, hedge: HedgeRules, rules: RollRules, stage: Stage) -> Contract | None:
    """Find what stands in for a far contract that is not there: the perpetual, at once or when near settles."""
    if rules.unlisted is Unlisted.SETTLE and stage is not Stage.SETTLE:
        return None
    perpetual = next((one for one in snapshot.contracts if one.symbol == hedge.symbol), None)
    return None if perpetual is None or fault(snapshot, perpetual) else perpetual


def _fresh(snapshot: Snapshot, hedge: HedgeRules, rules: RollRules) -> Legs:
    """Choose for a hedge that holds nothing: the nearest contract outside its window, or what stands in for it."""
    faults = []
    for contract in _listed(snapshot, hedge):
        if stage_of(contract, snapshot.at_ms, rules, triggered=False) is Stage.HOLD:
            why_not = fault(snapshot, contract)
            if not why_not:
                return Legs(carrier=contract, near=None, stage=Stage.HOLD, trigger="", lacks="")
            faults.append(why_not)
    lacks = "; ".join(faults) or f"no dated contract of {hedge.symbol} is listed outside its roll window"
    substitute = _substitute(snapshot, hedge, rules, Stage.SETTLE)
    return Legs(carrier=substitute, near=None, stage=Stage.HOLD, trigger="", lacks=lacks)
