"""The reference's test vectors: the venues' own printed examples, the derivations, and what the popular bugs yield."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as but
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.core import exposure, formulas
from bot.core.instruments import Contract, MarginRule, Tier, tiers_from
from bot.core.positions import entry_of, fill
from bot.core.values import ONE, ZERO, Ratio, ceil_to_step
from tests.core.builders import (
    LINEAR,
    D,
    hedge_rules,
    inverse_contract,
    linear_contract,
    quote,
    snapshot,
)

COPY = Path(__file__).with_name("vectors.json")
SHARED = Path(__file__).parents[2].parent / "shared" / "reference" / "vectors.json"
CASES: list[dict[str, Any]] = json.loads(COPY.read_text("utf-8"))

Figure = Decimal | bool | list[Decimal]


class Inputs:
    """A case's inputs: ``i.price`` is a Decimal, ``i.get("cum")`` is 0 where the case is silent."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw

    def __getattr__(self, name: str) -> Decimal:
        return D(self.raw[name])

    def get(self, name: str) -> Decimal:
        return D(self.raw.get(name, 0))

    @property
    def side(self) -> int:
        return {"long": 1, "short": -1}[self.raw["side"]]


@dataclass(frozen=True)
class Answers:
    """What a case comes to; ``ours`` is our figure where ``found`` holds what a known bug yields."""

    found: dict[str, Figure]
    ours: dict[str, Decimal] = field(default_factory=dict)


Checker = Callable[[Inputs], Answers]


def dollars(contracts: str = "1") -> Contract:
    """Give an inverse contract of so many dollars, so that sizes in dollars are sizes in contracts."""
    return inverse_contract(size=contracts)


def one_tier(contract: Contract, i: Inputs) -> Contract:
    tier = Tier(
        value_min=ZERO, maintenance_rate=Ratio(i.mmr), maintenance_amount=i.get("cum"), leverage_max=D(100)
    )
    return but(contract, tiers=(tier,))


def agreed(*figures: Decimal | None) -> Decimal:
    """Require that several ways to a figure come to the same, and give it."""
    first = figures[0]
    assert first is not None
    for figure in figures[1:]:
        assert figure is not None
        assert abs(figure - first) <= D("1e-15") * abs(first)
    return first


def liquidation_linear(i: Inputs) -> Answers:
    contract = one_tier(LINEAR, i)
    margin = i.wallet_balance - i.get("other_maintenance_margin") + i.get("other_unrealised_pnl")
    by_formula = formulas.liquidation_linear(i.side, i.quantity, i.entry_price, margin, i.mmr, i.get("cum"))
    price = agreed(by_formula, contract.liquidation_price(i.side * i.quantity, i.entry_price, margin))
    found: dict[str, Figure] = {"liquidation_price": price}
    if "price" in i.raw:
        pnl = contract.pnl(i.side * i.quantity, i.entry_price, i.price)
        found["short_pnl"] = pnl
        found["equity"] = margin + pnl
        found["bankruptcy_price"] = formulas.liquidation_linear(
            i.side, i.quantity, i.entry_price, margin, ZERO, ZERO
        )
        found["liquidated"] = margin + pnl < contract.maintenance(i.quantity, i.entry_price, i.price)
    return Answers(found)


def liquidation_inverse(i: Inputs) -> Answers:
    contract, margin = one_tier(dollars(), i), i.wallet_balance
    by_formula = formulas.liquidation_inverse(
        i.side, i.notional_usd, i.entry_price, margin, i.mmr, i.get("cum")
    )
    price = agreed(by_formula, contract.liquidation_price(i.side * i.notional_usd, i.entry_price, margin))
    found: dict[str, Figure] = {"liquidation_price": price}
    if "price" in i.raw:
        equity = margin + contract.pnl(i.side * i.notional_usd, i.entry_price, i.price)
        found["coin_equity"] = equity
        found["bankruptcy_price"] = formulas.liquidation_inverse(
            i.side, i.notional_usd, i.entry_price, margin, ZERO, ZERO
        )
        found["liquidated"] = equity < contract.maintenance(i.notional_usd, i.entry_price, i.price)
    return Answers(found)


def liquidation_linear_on_entry(i: Inputs) -> Answers:
    contract = but(one_tier(LINEAR, i), margin_rule=MarginRule.ENTRY)
    margin = formulas.initial_margin(contract.value(i.quantity, i.entry_price), i.leverage) + i.extra_margin
    return Answers(
        {
            "liquidation_price": agreed(
                formulas.liquidation_linear_on_entry(
                    i.side, i.quantity, i.entry_price, i.leverage, i.mmr, i.extra_margin
                ),
                contract.liquidation_price(i.side * i.quantity, i.entry_price, margin),
            )
        }
    )


def liquidation_inverse_on_entry(i: Inputs) -> Answers:
    on_mark = one_tier(dollars(), i)
    on_entry = but(on_mark, margin_rule=MarginRule.ENTRY)
    value = on_entry.value(i.notional_usd, i.entry_price)
    initial = formulas.initial_margin(value, i.leverage)
    size, margin = i.notional_usd, initial + i.extra_margin

    def by_formula(side: int) -> Decimal:
        return formulas.liquidation_inverse_on_entry(
            side, size, i.entry_price, i.leverage, i.mmr, i.mm_deduction, i.extra_margin
        )

    return Answers(
        {
            "position_value": value,
            "initial_margin": initial,
            "maintenance_margin": on_entry.maintenance(size, i.entry_price, D("1e9")),
            "liquidation_price_short": agreed(
                by_formula(-1), on_entry.liquidation_price(-size, i.entry_price, margin)
            ),
            "liquidation_price_long_mirror": agreed(
                by_formula(1), on_entry.liquidation_price(size, i.entry_price, margin)
            ),
            "liquidation_price_short_mm_at_mark": agreed(
                formulas.liquidation_inverse_on_mark(
                    size, i.entry_price, i.leverage, i.mmr, i.mm_deduction, i.extra_margin, ZERO
                ),
                on_mark.liquidation_price(-size, i.entry_price, margin),
            ),
        }
    )


def liquidation_inverse_legacy(i: Inputs) -> Answers:
    balance = i.wallet_balance - i.order_margin
    price = formulas.liquidation_inverse_cross_legacy(
        i.notional_usd, i.entry_price, balance, i.mmr, i.taker_fee
    )
    return Answers(
        {
            "bankruptcy_price": formulas.bankruptcy_inverse_cross_legacy(
                i.notional_usd, i.entry_price, balance, i.taker_fee
            ),
            "liquidation_price": price,
            "liquidation_price_rounded_up_to_tick": ceil_to_step(price, i.tick_size),
        }
    )


def maintenance_inverse(i: Inputs) -> Answers:
    contract = one_tier(inverse_contract(size=i.face_usd), i)
    return Answers(
        {
            "notional_coin": contract.value(i.contracts, i.mark_price),
            "maintenance_margin": contract.maintenance(i.contracts, i.mark_price, i.mark_price),
        }
    )


def tier_amounts(i: Inputs) -> Answers:
    if "tiers" in i.raw:
        tiers = tiers_from((D(t["floor"]), D(t["mmr"]), D(1)) for t in i.raw["tiers"])
        return Answers({"cum": [tier.maintenance_amount for tier in tiers]})
    start, more = i.raw["start"], i.raw["next_tiers"]
    floors = [ZERO, *(D(t["floor"]) for t in more)]
    rates = [D(start["mmr"]), *(D(t["mmr"]) for t in more)]
    return Answers({"cum": [*formulas.tier_amounts(floors, rates, D(start["cum"]))[1:]]})


def entry_inverse(i: Inputs) -> Answers:
    contract = dollars()
    fills = [(D(f["notional_usd"]), D(f["price"])) for f in i.raw["fills"]]
    held, cost = ZERO, ZERO
    for usd, price in fills:
        filled = fill(contract, held, cost, usd, price)
        held, cost = filled.contracts, filled.cost
    average = agreed(formulas.inverse_entry(fills), entry_of(contract, held, cost))
    arithmetic = sum((usd * price for usd, price in fills), ZERO) / held
    return Answers(
        {"average_entry_price": average, "arithmetic_average_wrong": arithmetic},
        ours={"arithmetic_average_wrong": average},
    )


def pnl_inverse(i: Inputs) -> Answers:
    return Answers({"pnl_coin": dollars().pnl(i.side * i.notional_usd, i.entry_price, i.price)})


def book_of(i: Inputs, usd: Decimal) -> exposure.Book:
    contract = dollars()
    picture = snapshot(
        contract,
        spot=i.coins_outside,
        wallet=i.wallet_coin,
        held=-usd,
        entry=i.entry_price,
        prices=quote(contract, i.price),
    )
    return exposure.book(picture, hedge_rules(contract), contract.symbol)


def hedge_state(i: Inputs) -> Answers:
    book = book_of(i, i.notional_usd)
    equity = agreed(
        formulas.coin_equity(i.wallet_coin, i.notional_usd, i.entry_price, i.price), book.coin_equity
    )
    delta = exposure.net_delta(book)
    by_formula = formulas.net_delta_inverse(i.coins_outside, equity, i.notional_usd, i.price)
    assert abs(delta - by_formula) < D("1e-20")
    short = book.contract.coins(book.position.contracts, i.price)
    return Answers(
        {
            "pnl_coin": book.contract.pnl(-i.notional_usd, i.entry_price, i.price),
            "coin_equity": equity,
            "position_delta": short,
            "net_delta": delta,
            "value_usd": i.price * (i.coins_outside + equity),
            "margin_ratio_equity_over_notional": equity / -short,
        }
    )


def naive_rebalance(i: Inputs) -> Answers:
    book, hedge = book_of(i, i.notional_usd_at_entry), hedge_rules(dollars())
    equity, value = book.coin_equity, i.price * (i.coins_outside + book.coin_equity)
    naive = i.price * i.own_coins
    naive_delta = formulas.net_delta_inverse(i.coins_outside, equity, naive, i.price)
    correct = agreed(
        formulas.target_inverse_share(i.hedge_ratio, i.own_coins, i.coins_outside, equity, i.price),
        exposure.wanted_size(book, hedge, Ratio(i.hedge_ratio)),
    )
    delta = formulas.net_delta_inverse(i.coins_outside, equity, correct, i.price)
    return Answers(
        {
            "coin_equity": equity,
            "value_usd": value,
            "naive_target_usd": naive,
            "naive_net_delta": naive_delta,
            "naive_unhedged_share_of_wealth": naive_delta * i.price / value,
            "correct_target_usd": correct,
            "correct_net_delta": delta,
        },
        ours={
            "naive_target_usd": correct,
            "naive_net_delta": delta,
            "naive_unhedged_share_of_wealth": delta * i.price / value,
        },
    )


def initial_margin_inverse(i: Inputs) -> Answers:
    contract = dollars(i.raw["face_usd"])
    contracts = contract.contracts_for(i.coins, i.price)
    return Answers(
        {
            "contracts": contracts,
            "initial_margin_coin": formulas.initial_margin(contract.value(contracts, i.price), i.leverage),
        }
    )


def fee_inverse(i: Inputs) -> Answers:
    value = dollars().value(i.notional_usd, i.price)
    return Answers(
        {
            f"{who}_fee_coin": formulas.fee(D(i.raw[f"{who}_rate"]), value)
            for who in ("taker", "maker")
            if f"{who}_rate" in i.raw
        }
    )


def funding_clamp(i: Inputs) -> Answers:
    return Answers({"funding_rate": formulas.funding_rate(i.average_premium, i.interest_rate, i.damper)})


def roll_count(i: Inputs) -> Answers:
    far = formulas.roll_inverse_usd(i.near_notional_usd, i.near_price, i.far_price)
    kept = formulas.net_delta_inverse(i.base_coins, ZERO, i.near_notional_usd, i.far_price)
    assert formulas.net_delta_inverse(i.base_coins, ZERO, far, i.far_price) == ZERO
    return Answers({"far_notional_usd": far, "residual_long_coins_if_notional_kept": kept})


def roll_yield(i: Inputs) -> Answers:
    gross = formulas.roll_yield(i.near_price, i.far_price)
    fees = formulas.roll_fee(i.taker_fee, i.near_price, i.far_price)
    return Answers(
        {
            "gross_yield": gross,
            "annual_simple": gross * 365 / i.days,
            "fee_cost": fees,
            "net_yield": gross - fees,
        }
    )


def legging_sd(i: Inputs) -> Answers:
    years = i.seconds / i.seconds_per_year
    return Answers({"sd": formulas.one_legged_variance(i.value, i.annual_volatility, years).sqrt()})


def contracts_linear(i: Inputs) -> Answers:
    contract = linear_contract(size=i.contract_size_coin, step=1)
    picture = snapshot(contract, spot=i.holdings)
    book, hedge = exposure.book(picture, hedge_rules(contract), contract.symbol), hedge_rules(contract)
    short = agreed(
        formulas.target_linear_share(i.hedge_ratio, i.holdings),
        exposure.wanted_size(book, hedge, Ratio(i.hedge_ratio)),
    )
    found: dict[str, Figure] = {"contracts": contract.contracts_for(short, ONE), "short_coins": short}
    if "price" in i.raw:
        found["spot_value"] = i.holdings * i.price
    return Answers(found)


def room_above(notional: Decimal, margin: Decimal, rate: Decimal) -> Decimal:
    """Rise to liquidation of a linear short, as a share of the entry price."""
    return formulas.liquidation_linear(-1, notional, ONE, margin, rate, ZERO) - ONE


def initial_margin_linear(i: Inputs) -> Answers:
    margin = formulas.initial_margin(i.notional, 1 / i.initial_margin_rate)
    return Answers(
        {
            "initial_margin": margin,
            "leverage": i.notional / margin,
            "upward_move_to_liquidation": room_above(i.notional, margin, i.maintenance_margin_rate),
        }
    )


def pnl_linear_hedged(i: Inputs) -> Answers:
    contract = linear_contract(size=i.contract_size_coin, step=1)
    spot = formulas.linear_pnl(1, i.spot_coins, i.entry_price, i.price)
    short = contract.pnl(-i.contracts, i.entry_price, i.price)
    return Answers({"spot_pnl": spot, "short_pnl": short, "net_pnl": spot + short})


def portfolio(i: Inputs) -> Answers:
    contract = dollars(i.raw["face_usd"])
    legs = {
        h["asset"].lower(): contract.contracts_for(D(h["quantity"]), D(h["price"])) for h in i.raw["holdings"]
    }
    total = sum(legs.values(), ZERO)
    value = contract.notional(total, ONE)
    margin = formulas.initial_margin(value, i.leverage)
    rate = i.maintenance_margin_rate
    return Answers(
        {
            "spot_value": sum((D(h["quantity"]) * D(h["price"]) for h in i.raw["holdings"]), ZERO),
            "contracts": total,
            "contracts_btc_leg": legs["btc"],
            "contracts_eth_leg": legs["eth"],
            "margin_at_leverage": margin,
            "buffer": i.collateral - margin,
            "upward_move_to_liquidation_at_margin": room_above(value, margin, rate),
            "upward_move_to_liquidation_with_buffer": room_above(value, i.collateral, rate),
        }
    )


def cross_hedge(i: Inputs) -> Answers:
    lost = i.alt_value * i.alt_return
    hedge = formulas.beta_hedge_pnl(i.alt_value, i.beta, i.hedge_return)
    closing = i.alt_return / i.hedge_return
    return Answers(
        {
            "alt_pnl": lost,
            "hedge_pnl": hedge,
            "shortfall": lost + hedge,
            "share_of_loss_covered": -hedge / lost,
            "closing_beta": closing,
            "hedge_pnl_at_closing_beta": formulas.beta_hedge_pnl(i.alt_value, closing, i.hedge_return),
        }
    )


CHECKERS: dict[str, Checker] = {
    "contracts.linear": contracts_linear,
    "cross_hedge.shortfall": cross_hedge,
    "entry.inverse": entry_inverse,
    "fee.inverse": fee_inverse,
    "funding.rate.clamp": funding_clamp,
    "hedge.inverse.naive_rebalance": naive_rebalance,
    "hedge.inverse.state": hedge_state,
    "liquidation.inverse.binance": liquidation_inverse,
    "liquidation.inverse.bybit_cross_legacy": liquidation_inverse_legacy,
    "liquidation.inverse.bybit_entry_mm": liquidation_inverse_on_entry,
    "liquidation.linear.binance": liquidation_linear,
    "liquidation.linear.bybit_entry_mm": liquidation_linear_on_entry,
    "maintenance_margin.inverse": maintenance_inverse,
    "margin.initial.inverse": initial_margin_inverse,
    "margin.initial.linear": initial_margin_linear,
    "pnl.inverse": pnl_inverse,
    "pnl.linear.hedged": pnl_linear_hedged,
    "portfolio.contracts": portfolio,
    "roll.inverse.count": roll_count,
    "roll.legging_sd": legging_sd,
    "roll.yield": roll_yield,
    "tier.cum": tier_amounts,
}


def near(found: Figure, expected: object, tolerance: Decimal) -> bool:
    match found:
        case bool():
            return found is expected
        case list():
            assert isinstance(expected, list)
            return len(found) == len(expected) and all(
                abs(a - D(b)) <= tolerance for a, b in zip(found, expected, strict=True)
            )
        case _:
            return abs(found - D(str(expected))) <= tolerance


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_every_figure_of_the_reference_is_reproduced(case: dict[str, Any]) -> None:
    answers, expected = CHECKERS[case["kind"]](Inputs(case["inputs"])), case["expected"]

    assert set(answers.found) == set(expected)
    wrong = {
        name: (found, expected[name])
        for name, found in answers.found.items()
        if not near(found, expected[name], D(case["tolerance"]))
    }
    assert wrong == {}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_what_a_known_bug_yields_is_not_what_we_yield(case: dict[str, Any]) -> None:
    answers, tolerance = CHECKERS[case["kind"]](Inputs(case["inputs"])), D(case["tolerance"])
    bugs = {name for name in case["expected"] if name.endswith("_wrong") or name.startswith("naive_")}

    assert set(answers.ours) == bugs
    assert not [name for name in bugs if near(answers.ours[name], case["expected"][name], tolerance)]


def test_every_kind_of_case_has_a_checker_and_every_checker_a_case() -> None:
    assert {case["kind"] for case in CASES} == set(CHECKERS)
    assert len({case["id"] for case in CASES}) == len(CASES) == 41


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared reference beside the repository")
def test_the_copy_of_the_vectors_is_exact() -> None:
    assert COPY.read_bytes() == SHARED.read_bytes()
