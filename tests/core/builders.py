"""Small worlds for tests: a contract, a picture, a set of rules. A test names only what matters to it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any, Literal

from bot.core.bands import BandRules
from bot.core.decide import Decision
from bot.core.instruments import (
    Contract,
    DatedFuture,
    Futures,
    MarginRule,
    Payoff,
    Perpetual,
    Tier,
    tiers_from,
)
from bot.core.memory import HedgeMemory, Memory, Rung
from bot.core.orders import OrderRequest, OrderState, TimeInForce, WorkingOrder
from bot.core.policy import Band, Policy
from bot.core.risk import Approved, Wish
from bot.core.rules import (
    BooksRules,
    CarryRules,
    GuardRules,
    HedgeRules,
    Kind,
    Meaning,
    PricingRules,
    RiskRules,
    RollRules,
    Rules,
    RungRules,
    Unlisted,
)
from bot.core.snapshot import Funding, Holding, Position, Quote, Snapshot, Wallet
from bot.core.values import Coins, Contracts, Money, Notional, Price, Ratio, Side
from strategies.fixed_ratio import Stage

D = Decimal
T = 1_700_000_000_000
Amount = str | int | Decimal
TierRow = tuple[Amount, Amount, Amount]
FLAT_TIER: tuple[TierRow, ...] = ((0, "0.005", 50),)


def tiers(rows: Iterable[TierRow]) -> tuple[Tier, ...]:
    return tiers_from((D(floor), D(rate), D(leverage)) for floor, rate, leverage in rows)


def linear_contract(
    *,
    base: str = "BTC",
    size: Amount = 1,
    step: Amount = "0.001",
    smallest: Amount | None = None,
    notional_min: Amount = 5,
    fee: Amount = 0,
    rows: Iterable[TierRow] = FLAT_TIER,
    margin_rule: MarginRule = MarginRule.MARK,
) -> Perpetual:
    return Perpetual(
        symbol=f"{base}/USDT:USDT",
        base=base,
        quote="USDT",
        settle="USDT",
        payoff=Payoff.LINEAR,
        contract_size=D(size),
        contracts_step=Contracts(D(step)),
        contracts_min=Contracts(D(step if smallest is None else smallest)),
        notional_min=Notional(D(notional_min)),
        price_tick=Price(D("0.1")),
        fee_maker=Ratio(D(fee)),
        fee_taker=Ratio(D(fee)),
        funding_interval_hours=8,
        margin_rule=margin_rule,
        tiers=tiers(rows),
    )


def inverse_contract(
    *,
    base: str = "BTC",
    size: Amount = 100,
    step: Amount = 1,
    smallest: Amount | None = None,
    notional_min: Amount = 5,
    fee: Amount = 0,
    rows: Iterable[TierRow] = FLAT_TIER,
    margin_rule: MarginRule = MarginRule.MARK,
) -> Perpetual:
    return Perpetual(
        symbol=f"{base}/USD:{base}",
        base=base,
        quote="USD",
        settle=base,
        payoff=Payoff.INVERSE,
        contract_size=D(size),
        contracts_step=Contracts(D(step)),
        contracts_min=Contracts(D(step if smallest is None else smallest)),
        notional_min=Notional(D(notional_min)),
        price_tick=Price(D("0.1")),
        fee_maker=Ratio(D(fee)),
        fee_taker=Ratio(D(fee)),
        funding_interval_hours=8,
        margin_rule=margin_rule,
        tiers=tiers(rows),
    )


LINEAR = linear_contract()
INVERSE = inverse_contract()
HOUR = 3_600_000


def dated(perpetual: Perpetual, hours: Amount, *, code: str = "260327", **changes: Any) -> DatedFuture:
    """A contract of the perpetual's family and terms that expires so many hours from ``T``."""
    shared = {field.name: getattr(perpetual, field.name) for field in fields(Futures)}
    terms = {
        "symbol": f"{perpetual.symbol}-{code}",
        "expiry_ms": T + int(D(hours) * HOUR),
        "fee_delivery": Ratio(D(0)),
    }
    return DatedFuture(**(shared | terms | changes))


def request(
    side: str = "sell",
    contracts: Amount = 1,
    *,
    contract: Contract = LINEAR,
    limit: Amount | None = 50_000,
    name: str = "o1",
    reduce_only: bool = False,
) -> OrderRequest:
    return OrderRequest(
        client_order_id=name,
        symbol=contract.symbol,
        side=Side(side),
        contracts=Contracts(D(contracts)),
        limit_price=None if limit is None else Price(D(limit)),
        time_in_force=TimeInForce.POST_ONLY,
        reduce_only=reduce_only,
    )


def wish(order: OrderRequest, *, crossing: bool = False) -> Wish:
    return Wish(
        hedge="btc",
        request=order,
        leg="hedge",
        crossing=crossing,
        intent=1,
        arrival_mid=Price(D(50_000)),
    )


def working_order(
    side: str = "sell",
    contracts: Amount = 1,
    *,
    contract: Contract = LINEAR,
    state: str = "open",
    filled: Amount = 0,
    name: str = "o1",
) -> WorkingOrder:
    return WorkingOrder(
        request=request(side, contracts, contract=contract, name=name),
        state=OrderState(state),
        filled=Contracts(D(filled)),
        since_ms=T,
    )


def quote(
    contract: Contract = LINEAR,
    mark: Amount = 50_000,
    *,
    index: Amount | None = None,
    bid: Amount | None = None,
    ask: Amount | None = None,
    at_ms: int = T,
) -> Quote:
    return Quote(
        symbol=contract.symbol,
        at_ms=at_ms,
        bid=Price(D(mark if bid is None else bid)),
        bid_contracts=Contracts(D(1000)),
        ask=Price(D(mark if ask is None else ask)),
        ask_contracts=Contracts(D(1000)),
        mark=Price(D(mark)),
        index=Price(D(mark if index is None else index)),
    )


def position(
    contract: Contract = LINEAR, contracts: Amount = 0, entry: Amount = 50_000, *, realised: Amount = 0
) -> Position:
    return Position(
        symbol=contract.symbol,
        contracts=Contracts(D(contracts)),
        entry_price=Price(D(entry)),
        realised_pnl=Money(D(realised)),
    )


def snapshot(
    contract: Contract = LINEAR,
    *,
    spot: Amount = 1,
    held: Amount = 0,
    entry: Amount = 50_000,
    realised: Amount = 0,
    wallet: Amount = 10**6,
    deposited: Amount | None = None,
    prices: Quote | None = None,
    working: Sequence[WorkingOrder] = (),
    gap_since_ms: int | None = None,
    number: int = 0,
    at_ms: int = T,
    missing: tuple[str, ...] = (),
) -> Snapshot:
    """Picture one hedge, ``btc``, of one contract; ``held`` is signed contracts, without a position when 0."""
    memory = HedgeMemory(hedge="btc", gap_since_ms=gap_since_ms)
    return Snapshot(
        account="test",
        at_ms=at_ms,
        contracts=(contract,),
        holdings=(Holding(asset=contract.base, coins=Coins(D(spot)), place="declared"),),
        wallets=(
            Wallet(
                asset=contract.settle,
                balance=Money(D(wallet)),
                deposited=Money(D(wallet if deposited is None else deposited)),
            ),
        ),
        positions=(position(contract, held, entry, realised=realised),),
        quotes=(quote(contract) if prices is None else prices,),
        funding=(Funding(symbol=contract.symbol, rate=Ratio(D("0.0001")), next_at_ms=at_ms + 1000),),
        working=tuple(working),
        memory=Memory(number=number, hedges=() if gap_since_ms is None else (memory,)),
        missing=missing,
    )


def hedge_rules(
    contract: Contract = LINEAR,
    *,
    ratio: Amount = 1,
    name: str = "btc",
    meaning: Meaning = Meaning.SHARE_OF_HOLDINGS,
    amount: Amount = 0,
    outer: Amount = "0.01",
    inner: Amount = 0,
    over: Amount | None = None,
    band: BandRules | None = None,
    asset: str = "",
    also: tuple[str, ...] = (),
    stages: tuple[Policy, ...] | None = None,
    kind: Kind | None = None,
) -> HedgeRules:
    """Rules of a hedge; ``over`` is both edges where too much is hedged."""
    edge = None if over is None else Ratio(D(over))
    given = Band(outer=Ratio(D(outer)), inner=Ratio(D(inner)), outer_over=edge, inner_over=edge)
    return HedgeRules(
        name=name,
        asset=asset or contract.base,
        also=also,
        symbol=contract.family,
        kind=kind or (Kind.DATED if contract.kind == "dated" else Kind.PERPETUAL),
        contract_size=None,
        meaning=meaning,
        amount=Notional(D(amount)),
        band=given if band is None else band,
        stages=(Stage(ratio=D(ratio)),) if stages is None else stages,
    )


def risk_rules(
    *,
    quote_age: Amount = 10,
    order_cap: Amount = 10**9,
    position_cap: Amount = 10**9,
    leverage: Amount = 100,
    shock: Amount = 0,
    unknown: Amount = 3600,
    **others: Any,
) -> RiskRules:
    """Limits that let everything pass, but for those a test names."""
    limits: dict[str, Any] = {
        "quote_age_seconds_max": D(quote_age),
        "balance_age_seconds_max": D(10**9),
        "clock_skew_seconds_max": D(10**9),
        "order_notional_max": Notional(D(order_cap)),
        "orders_per_minute_max": 10**9,
        "position_notional_max": Notional(D(position_cap)),
        "open_interest_share_max": Ratio(D(10**9)),
        "leverage_max": D(leverage),
        "leverage_inverse_max": D(leverage),
        "shock": Ratio(D(shock)),
        "shocks": (),
        "price_collar": Ratio(D(10**9)),
        "basis_max": Ratio(D(10**9)),
        "depeg_max": Ratio(D(10**9)),
        "tiers_age_hours_max": D(10**9),
        "unknown_seconds_max": D(unknown),
    }
    return RiskRules(**(limits | others))


LADDER = (
    # rung, distance, sigmas, margin ratio: the reference's defaults
    (Rung.WARN, "0.30", 10, "0.50"),
    (Rung.TOP_UP, "0.25", 8, "0.50"),
    (Rung.STOP, "0.20", 6, "0.65"),
    (Rung.CANCEL, "0.12", 4, "0.80"),
    (Rung.REDUCE, "0.12", 4, "0.80"),
    (Rung.HALT, "0.03", 1, "0.95"),
)


def rung_rules(rung: Rung, distance: Amount, sigmas: Amount, margin_ratio: Amount) -> RungRules:
    return RungRules(
        rung=rung, distance=Ratio(D(distance)), sigmas=D(sigmas), margin_ratio=Ratio(D(margin_ratio))
    )


def guard_rules(
    *,
    margin_ratio: Amount = "0.9",
    distance: Amount = 0,
    ladder: bool = False,
    stay: Amount = 3600,
    top_up: bool = False,
    top_up_day_max: Amount = 10**9,
    after_shift: Literal["rehedge", "call"] = "rehedge",
) -> GuardRules:
    """A guard with the reference's ladder, or with nothing but limits on orders that add."""
    rungs = tuple(rung_rules(*row) for row in LADDER)
    return GuardRules(
        rungs=rungs if ladder else (rung_rules(Rung.STOP, distance, 0, margin_ratio),),
        stay_seconds=D(stay),
        divergence_max=Ratio(D("0.05")),
        adl_rank_warn=5,
        top_up=top_up,
        top_up_distance=Ratio(D("0.40")),
        top_up_day_max=Money(D(top_up_day_max)),
        after_shift=after_shift,
    )


NO_GUARD = replace(guard_rules(), rungs=())
"""A guard that never acts and limits nothing by margin."""


def pricing_rules(
    patience: Amount = 30,
    slippage: Amount = "0.001",
    *,
    inside_ticks: int = 0,
    chase_ticks: int = 5,
    chase_seconds: Amount = 10,
    reprices_max: int = 3,
    slice_notional: Amount = 10**9,
    urgent_gap: Amount = 10**9,
) -> PricingRules:
    return PricingRules(
        patience_seconds=D(patience),
        slippage_max=Ratio(D(slippage)),
        inside_ticks=inside_ticks,
        chase_ticks=chase_ticks,
        chase_seconds=D(chase_seconds),
        reprices_max=reprices_max,
        slice_notional=Notional(D(slice_notional)),
        urgent_gap=Ratio(D(urgent_gap)),
    )


def roll_rules(
    *,
    advantage_min: Amount = "0.05",
    clip_notional: Amount = 10_000,
    lead: Literal["near", "far"] = "near",
    naked_seconds_max: Amount = 60,
    retry_seconds: Amount = 600,
    unlisted: Unlisted = Unlisted.BRIDGE,
    carry: CarryRules | None = None,
) -> RollRules:
    """By the reference's hours: 7 d, 48 h, 24 h, 2 h."""
    return RollRules(
        window_days=D(7),
        force_hours=D(48),
        deadline_hours=D(24),
        alert_hours=D(2),
        advantage_min=Ratio(D(advantage_min)),
        clip_notional=Notional(D(clip_notional)),
        lead=lead,
        naked_seconds_max=D(naked_seconds_max),
        retry_seconds=D(retry_seconds),
        unlisted=unlisted,
        carry=carry or carry_rules(),
    )


def carry_rules(
    *, settlements: int = 3, charge: Amount = 0, advantage: Amount = "0.02", stay_days: Amount = 14
) -> CarryRules:
    return CarryRules(
        average_settlements=settlements,
        risk_charge=D(charge),
        advantage_min=Ratio(D(advantage)),
        stay_days=D(stay_days),
    )


BOOKS = BooksRules(
    stray_orders="cancel",
    check_steps=10,
    absent_crossing_seconds=D(120),
    absent_resting_seconds=D(2700),
)


def rules(
    *hedges: HedgeRules,
    patience: Amount = 30,
    slippage: Amount = "0.001",
    risk: RiskRules | None = None,
    guard: GuardRules | None = None,
    pricing: PricingRules | None = None,
    roll: RollRules | None = None,
) -> Rules:
    return Rules(
        account="test",
        hedges=hedges or (hedge_rules(),),
        pricing=pricing or pricing_rules(patience, slippage),
        roll=roll or roll_rules(),
        risk=risk or risk_rules(),
        guard=guard or guard_rules(),
        books=BOOKS,
    )


def answer(decision: Decision, *, prices: bool = False) -> str:
    """Put the answer to a single hedge in a trader's words: ``sell 9.875``, ``refused leverage``, ``hold``."""
    (explanation,) = decision.explanations
    if decision.refused:
        return "refused " + " ".join(decision.refused[0].gates)
    for command in decision.commands:
        if isinstance(command, Approved):
            order = command.request
            words = [order.side.value, plain(order.contracts)]
            if prices:
                words += ["at", plain(order.limit_price), order.time_in_force.value]
            return " ".join([*words, "reduce-only"] if order.reduce_only else words)
    return explanation.answer


def plain(figure: Decimal | None) -> str:
    """Write a figure without an exponent and without zeros at its end."""
    return "-" if figure is None else f"{figure.normalize():f}"


def rows(table: str) -> Iterator[tuple[list[str], str]]:
    """Read an aligned table: columns, a bar, the answer, and after two spaces or more a remark."""
    for line in table.strip().splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            columns, _, rest = line.partition("|")
            yield columns.split(), rest.strip().split("  ")[0]


def numbers(table: str) -> list[tuple[list[Decimal], list[Decimal]]]:
    """Read an aligned table of figures on both sides of the bar."""
    lines = [line for line in table.strip().splitlines() if not line.startswith("#")]
    return [
        ([D(n) for n in left.split()], [D(n) for n in right.split()])
        for left, _, right in (line.partition("|") for line in lines)
    ]
