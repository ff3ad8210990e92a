"""Each gate by itself: just inside its limit and just beyond, its figure and remedy, and the way out left open."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.core.gates import BY_PRICE, REMEDIES, Gate, Verdict
from bot.core.instruments import Contract
from bot.core.memory import State
from bot.core.orders import OrderRequest
from bot.core.risk import Approved, Refused, judge
from bot.core.rules import Rules
from bot.core.snapshot import Peg, Snapshot, Turnover, Volatility
from bot.core.values import ONE, ZERO, Contracts, Money, Price, Ratio, Side, record
from tests.core.builders import (
    INVERSE,
    LINEAR,
    D,
    T,
    guard_rules,
    inverse_contract,
    linear_contract,
    plain,
    quote,
    request,
    risk_rules,
    rows,
    rules,
    snapshot,
    wish,
    working_order,
)

STRICT: dict[str, Any] = {
    "quote_age": 10,
    "order_cap": 60_000,
    "position_cap": 110_000,
    "leverage": 3,
    "leverage_inverse_max": D(2),
    "shock": "0.25",
    "unknown": 60,
    "balance_age_seconds_max": D(30),
    "clock_skew_seconds_max": D(2),
    "orders_per_minute_max": 5,
    "open_interest_share_max": Ratio(D("0.01")),
    "price_collar": Ratio(D("0.02")),
    "basis_max": Ratio(D("0.01")),
    "depeg_max": Ratio(D("0.02")),
    "tiers_age_hours_max": D(24),
}
ANY_ORDERS: frozenset[Gate] = frozenset({"quote_age", "order_notional", "price_collar", "instrument_status"})
"""The gates of every order, reducing ones included."""


@record
class Situation:
    """An order, and the picture and rules it is judged by."""

    picture: Snapshot
    rules: Rules
    order: OrderRequest
    state: State

    def judged(self, order: OrderRequest | None = None) -> Approved | Refused:
        return judge(self.picture, self.rules, wish(order or self.order), self.state)

    def said(self, gate: str, order: OrderRequest | None = None) -> Verdict:
        (verdict,) = (one for one in self.judged(order).verdicts if one.gate == gate)
        return verdict

    @property
    def way_out(self) -> OrderRequest:
        """The reduce-only order of the other side, priced at the mark."""
        held = abs(self.picture.positions[0].contracts)
        return replace(
            self.order,
            side=Side.SELL if self.order.side is Side.BUY else Side.BUY,
            contracts=Contracts(min(self.order.contracts, held)),
            limit_price=self.picture.quotes[0].mark,
            reduce_only=True,
        )


def _contract(knobs: dict[str, str]) -> Contract:
    make = inverse_contract if knobs.get("payoff") == "inverse" else linear_contract
    rows_of = ((0, knobs.get("rate", "0.005"), 50),)
    made = make(smallest=knobs.get("smallest"), notional_min=knobs.get("least", "5"), rows=rows_of)
    read_ms = T - int(D(knobs["tiers"]) * 3_600_000) if "tiers" in knobs else None
    return replace(
        made, status="halted" if knobs.get("status") == "halted" else "trading", tiers_at_ms=read_ms
    )


def situation(words: list[str]) -> Situation:
    """One coin short and 40,000 dollars or one coin behind it at 50,000, and as much again to be sold; words change that."""
    knobs = dict(word.split("=") for word in words)
    contract = _contract(knobs)
    unit, backing = (1, "40000") if contract.linear else (500, "1")
    side = knobs.get("side", "sell")
    held = D(knobs.get("held", -unit if side == "sell" else unit))
    seconds = D(knobs.get("age", 0)) - D(knobs.get("ahead", 0))
    lost = working_order("buy" if side == "sell" else "sell", state="unknown", name="lost", contract=contract)
    lost = replace(lost, since_ms=T - int(D(knobs.get("lost", 0)) * 1000))
    picture = snapshot(
        contract,
        held=held,
        wallet=knobs.get("wallet", backing),
        prices=quote(contract, 50_000, index=knobs.get("index", 50_000), at_ms=T - int(seconds * 1000)),
        working=[lost] if "lost" in knobs else [],
    )
    (wallet,) = picture.wallets
    told: dict[str, Any] = {w: Money(D(knobs[w])) for w in ("equity", "maintenance") if w in knobs}
    picture = replace(
        picture,
        wallets=(replace(wallet, **told),),
        account_at_ms=T - int(D(knobs["read"]) * 1000) if "read" in knobs else None,
        orders_last_minute=int(knobs.get("minute", 0)),
        pegs=tuple(
            Peg(asset=asset, price=Price(D(knobs[asset]))) for asset in ("USDT", "USDC") if asset in knobs
        ),
        turnovers=(Turnover(symbol=contract.symbol, volume_24h=Contracts(ZERO), open_interest=open_interest),)
        if (open_interest := Contracts(D(knobs.get("open", 0))))
        else (),
        volatilities=(Volatility(symbol=contract.symbol, day=Ratio(D(knobs["sigma"])), until_ms=T),)
        if "sigma" in knobs
        else (),
    )
    shocks = tuple((asset, Ratio(D(knobs[asset]))) for asset in ("BTC", "ETH") if asset in knobs)
    risk = risk_rules(**(STRICT | {"shock": knobs.get("shock", "0.25"), "shocks": shocks}))
    return Situation(
        picture=picture,
        rules=rules(risk=risk, guard=guard_rules(ladder=True)),
        order=request(
            side, knobs.get("size", unit), contract=contract, limit=knobs.get("limit", 50_000), name="new"
        ),
        state=State(knobs.get("guard", "normal")),
    )


# What one gate says of the order: its word, the figure after the order as asked, the limit, the contracts it lets pass.
GATES = """
# gate                  situation                            | says figure limit allowed
  quote_age             age=10                               | yes 10 10 1
  quote_age             age=10.001                           | no 10.001 10 0
  quote_age             ahead=10.001                         | no 10.001 10 0               ahead of our clock is as bad
  order_notional        size=1.2                             | yes 60000 60000 1.2
  order_notional        size=1.201                           | no 60050 60000 1.2
  order_notional        payoff=inverse size=600              | yes 60000 60000 600
  order_notional        payoff=inverse size=601              | no 60100 60000 600
  price_collar          limit=49000                          | yes 0.02 0.02 1
  price_collar          limit=48990                          | no 0.0202 0.02 0             a sale below the mark
  price_collar          limit=60000                          | yes -0.2 0.02 1              the right side is no fault
  price_collar          limit=49392 index=50400              | yes 0.02 0.02 1
  price_collar          limit=49380 index=50400              | no 0.0202 0.02 0             a sale below the index
  price_collar          side=buy limit=51000                 | yes 0.02 0.02 1
  price_collar          side=buy limit=51010                 | no 0.0202 0.02 0             a purchase above the mark
  price_collar          side=buy limit=50592 index=49600     | yes 0.02 0.02 1
  price_collar          side=buy limit=50604 index=49600     | no 0.0202 0.02 0             a purchase above the index
  instrument_status     status=trading                       | yes 0 0 1
  instrument_status     status=halted                        | no 1 0 0
  guard_state           guard=normal                         | yes 0 0 1
  guard_state           guard=reducing                       | no 1 0 0
  guard_state           guard=halted                         | no 2 0 0
  unknown_orders        lost=60                              | yes 60 60 1
  unknown_orders        lost=60.001                          | no 60.001 60 0
  balance_age           read=30                              | yes 30 30 1
  balance_age           read=30.001                          | no 30.001 30 0
  balance_age           side=sell                            | yes - 30 1                   the venue gives no time
  clock_skew            ahead=2                              | yes 2 2 1
  clock_skew            ahead=2.001                          | no 2.001 2 0
  clock_skew            age=9                                | yes -9 2 1
  orders_per_minute     minute=4                             | yes 5 5 1
  orders_per_minute     minute=5                             | no 6 5 0
  basis                 index=49510                          | yes 0.0099 0.01 1
  basis                 index=49500                          | no 0.0101 0.01 0             the mark above the index
  basis                 index=50500                          | yes 0.0099 0.01 1
  basis                 index=50510                          | no 0.0101 0.01 0             the mark below the index
  depeg                 USDT=0.98                            | yes 0.02 0.02 1
  depeg                 USDT=0.9799                          | no 0.0201 0.02 0
  depeg                 USDT=1.0201                          | no 0.0201 0.02 0
  depeg                 USDC=0.5                             | yes - 0.02 1                 another coin's peg
  depeg                 USDC=0.5 USDT=0.99                   | yes 0.01 0.02 1
  tiers_age             tiers=24                             | yes 24 24 1
  tiers_age             tiers=24.01                          | no 24.01 24 0
  tiers_age             side=sell                            | yes - 24 1                   a table without a time
  position_notional     held=-1.1 size=1.1                   | yes 110000 110000 1.1
  position_notional     held=-1.1 size=1.101                 | no 110050 110000 1.1
  open_interest         open=200                             | yes 0.01 0.01 1
  open_interest         open=198                             | no 0.0101 0.01 0.98
  leverage              wallet=33334                         | yes 2.9999 3 1
  leverage              wallet=33300                         | no 3.003 3 0.998
  leverage              wallet=-1                            | no - 3 0                     no equity has no leverage
  leverage              payoff=inverse                       | yes 2 2 500                  coins have a limit of their own
  leverage              payoff=inverse size=501              | no 2.002 2 500
  margin_ratio          rate=0.25 wallet=38470               | yes 0.6499 0.65 1
  margin_ratio          rate=0.25 wallet=38450               | no 0.6502 0.65 0.999
  margin_shocked        shock=0.388                          | yes 0.5783 0.65 1
  margin_shocked        shock=0.39                           | no 0.695 0.65 0.996
  margin_shocked        shock=0.5                            | no - 0.65 0.563              nothing would be left
  margin_shocked        BTC=0.39                             | no 0.695 0.65 0.996          a coin's own shock
  margin_shocked        ETH=0.9                              | yes 0.0417 0.65 1            is no other's
  margin_shocked        side=buy shock=0.39                  | yes 0.305 0.65 1             a fall leaves less to maintain
  margin_shocked        payoff=inverse shock=0.98            | yes 0.5 0.65 500
  margin_shocked        payoff=inverse shock=0.99            | no 1 0.65 497
  liquidation_distance  wallet=20600                         | yes 0.2 0.2 1
  liquidation_distance  wallet=20550                         | no 0.1995 0.2 0.995
  liquidation_distance  sigma=0.0655                         | yes 0.393 0.393 1            six sigmas are the stricter rule
  liquidation_distance  sigma=0.0656                         | no 0.393 0.3936 0.997
  liquidation_distance  sigma=0.01                           | yes 0.393 0.2 1              here percent is
  liquidation_distance  side=buy wallet=200000               | yes - 0.2 1                  no price liquidates
  liquidation_distance  payoff=inverse sigma=0.1649          | yes 0.99 0.9894 500
  liquidation_distance  payoff=inverse sigma=0.1651          | no 0.99 0.9906 499
  venue_minimum         smallest=0.01 size=0.01              | yes 0.01 0.01 0.01
  venue_minimum         smallest=0.01 size=0.009             | no 0.009 0.01 0
  venue_minimum         least=50 size=0.001                  | yes 0.001 0.001 0.001
  venue_minimum         least=51 size=0.001                  | no 0.001 0.001 0
# what the venue says against us is taken off before anything is judged
  leverage              equity=40000                         | yes 2.5 3 1
  leverage              equity=30000                         | no 3.3333 3 0.8
  leverage              equity=50000                         | yes 2.5 3 1                  more than ours counts nothing
  leverage              maintenance=10250                    | no 3.3333 3 0.8              ten thousand more than ours
  margin_shocked        equity=25000                         | no - 0.65 0.925
  liquidation_distance  equity=20000                         | no 0.194 0.2 0.941
"""


def cases() -> list[tuple[str, str, str]]:
    return [(columns[0], " ".join(columns[1:]), expected) for columns, expected in rows(GATES)]


@pytest.mark.parametrize(("gate", "words", "expected"), cases())
def test_each_gate_passes_just_inside_its_limit_and_fires_just_beyond(
    gate: str, words: str, expected: str
) -> None:
    one = situation(words.split())
    said, judged = one.said(gate), one.judged()
    figure = None if said.figure is None else round(said.figure, 4 if abs(said.figure) < 10 else 3)

    answer = "yes" if said.passed else "no", plain(figure), plain(said.limit), plain(said.contracts_allowed)
    assert " ".join(answer) == expected
    assert said.remedy == ("" if said.passed else REMEDIES[said.gate])
    assert isinstance(judged, Approved | Refused)
    if isinstance(judged, Approved):
        assert judged.request.contracts <= said.contracts_allowed
    if not said.passed and said.contracts_allowed == ZERO:
        assert isinstance(judged, Refused)
        assert gate in judged.gates


def test_every_gate_has_rows_that_pass_and_rows_that_fire() -> None:
    seen = {(gate, expected.split()[0]) for gate, _, expected in cases()}

    assert seen == {(gate, word) for gate in REMEDIES for word in ("yes", "no")}
    assert set(REMEDIES) >= BY_PRICE
    assert all(REMEDIES.values())


@pytest.mark.parametrize(("gate", "words", "expected"), [one for one in cases() if one[0] not in ANY_ORDERS])
def test_what_reduces_passes_under_the_very_conditions_that_stop_an_increase(
    gate: str, words: str, expected: str
) -> None:
    one = situation(words.split())
    judged = one.judged(one.way_out)

    if gate == "venue_minimum" and "smallest=0.01 size=0.009" in words:
        assert expected.startswith("no")
        assert isinstance(judged, Refused), "what the venue would refuse is refused, whichever way it goes"
        return
    assert isinstance(judged, Approved)
    assert judged.request == one.way_out
    assert {verdict.gate for verdict in judged.verdicts} == ANY_ORDERS | {"venue_minimum"}
    assert all(verdict.passed and not verdict.remedy for verdict in judged.verdicts)


# The gates of every order hold a reduce-only purchase, too, but a basis does not.
REDUCING = """
# gate                  situation                         limit | says
  quote_age             age=11                            50000 | no
  order_notional        size=1.201 held=-2                50000 | no
  price_collar          side=sell                         51000 | yes
  price_collar          side=sell                         51010 | no
  price_collar          index=40000                       51000 | yes   the index is not asked
  instrument_status     status=halted                     50000 | no
"""


@pytest.mark.parametrize(("columns", "expected"), list(rows(REDUCING)))
def test_what_reduces_is_held_to_age_size_price_and_status(columns: list[str], expected: str) -> None:
    gate, *words, limit = columns
    one = situation(words)

    said = one.said(gate, replace(one.way_out, limit_price=Price(D(limit))))

    assert said.passed is (expected == "yes")
    assert bool(said.remedy) is not said.passed


def test_an_order_without_a_price_is_refused_whatever_it_does() -> None:
    one = situation([])
    for order in (one.order, one.way_out):
        judged = one.judged(replace(order, limit_price=None))
        assert isinstance(judged, Refused)
        assert judged.gates[0] == "order_notional"


def test_in_flight_is_exposure() -> None:
    """Two thirds of what leverage allows already work: a third passes."""
    one = situation(["wallet=40000"])
    flying = working_order("sell", "0.8", name="flying")

    said = replace(one, picture=replace(one.picture, working=(flying,))).said("leverage")

    assert (said.figure, said.contracts_allowed) == (D("3.5"), D("0.6"))


def test_all_gates_together_let_pass_what_the_strictest_does_and_keep_every_verdict() -> None:
    one = situation(["size=1.5", "open=210", "wallet=34000"])
    judged = one.judged()

    assert isinstance(judged, Approved)
    fired = {verdict.gate: verdict.contracts_allowed for verdict in judged.verdicts if not verdict.passed}
    assert fired == {
        "order_notional": D("1.2"),
        "position_notional": D("1.2"),
        "open_interest": D("1.1"),
        "leverage": D("1.04"),
    }
    assert judged.request.contracts == min(fired.values()) == D("1.04")
    assert judged.contracts_asked == D("1.5")


# --- shrinking, against the reference's formulas ------------------------------------------------------------------


def _stands(
    move: Decimal, ratio: Decimal, equity: Decimal, rate: Decimal, price: Decimal, *, linear: bool
) -> Decimal:
    """Solve ``maintenance = ratio x equity`` at a price multiple for the value today."""
    value, loss = (price, move) if linear else (ONE / price, move / price)
    return ratio * equity / (rate * value + ratio * loss)


@given(
    gate=st.sampled_from(("leverage", "margin_shocked", "liquidation_distance")),
    contract=st.sampled_from((LINEAR, INVERSE)),
    side=st.sampled_from(("sell", "buy")),
    coins=st.decimals("0.5", "50", places=2),
    held=st.decimals("0", "0.5", places=2),
    entry=st.decimals("0.8", "1.25", places=2),
    limit=st.decimals("0.1", "0.6", places=2),
    doubt=st.decimals("0", "0.3", places=2),
)
@settings(deadline=None, max_examples=400)
def test_an_order_three_times_too_large_is_approved_at_the_largest_whole_step_that_passes(
    gate: str,
    contract: Contract,
    side: str,
    coins: Decimal,
    held: Decimal,
    entry: Decimal,
    limit: Decimal,
    doubt: Decimal,
) -> None:
    mark, sign, linear = D(50_000), 1 if side == "buy" else -1, contract.linear
    wallet = coins * mark if linear else coins
    had = Contracts(round(contract.contracts_for(sign * coins * held, mark), 3 if linear else 0))
    entered = round(mark * entry, 1)
    equity = wallet + (contract.pnl(had, entered, mark) if had else ZERO)
    told = Money(equity * (ONE - doubt))
    leverage = ONE / limit
    tight: dict[str, dict[str, Any]] = {
        "leverage": {"risk": risk_rules(leverage=leverage)},
        "margin_shocked": {
            "risk": risk_rules(leverage=10**9, shock=limit),
            "guard": guard_rules(margin_ratio="0.9"),
        },
        "liquidation_distance": {"guard": guard_rules(margin_ratio="0.9", distance=limit)},
    }
    price = ONE + limit if sign < 0 else ONE - limit
    rate = contract.tiers[0].maintenance_rate
    believed = told if doubt > D("0.01") else equity
    largest_value = {
        "leverage": believed * leverage,
        "margin_shocked": _stands(limit, D("0.9"), believed, rate, price, linear=linear),
        "liquidation_distance": _stands(limit, ONE, believed, rate, price, linear=linear),
    }[gate]
    one_value = contract.value(ONE, mark)
    room = largest_value / one_value - abs(had)
    assume(equity > ZERO and room > 2 * contract.contracts_step)
    ask = Contracts(int(3 * room / contract.contracts_step) * contract.contracts_step)
    picture = snapshot(contract, held=had, entry=entered, wallet=wallet)
    if doubt > D("0.01"):
        picture = replace(picture, wallets=(replace(picture.wallets[0], equity=told),))
    loose: dict[str, Any] = {"guard": guard_rules(), "risk": risk_rules(leverage=10**9)}
    laws = rules(**(loose | tight[gate]))

    def judged(size: Decimal) -> Approved | Refused:
        return judge(picture, laws, wish(request(side, size, contract=contract, limit=mark)))

    approved = judged(ask)

    assert isinstance(approved, Approved)
    size = approved.request.contracts
    assert abs(size - room) <= contract.contracts_step, "by the reference's formulas"
    again, more = judged(size), judged(size + contract.contracts_step)
    assert isinstance(again, Approved)
    assert again.request.contracts == size
    assert isinstance(more, Approved)
    assert more.request.contracts == size
    assert {verdict.gate for verdict in more.verdicts if not verdict.passed} == {gate}
