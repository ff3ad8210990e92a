"""Stages that estimate: volatility, momentum, utility, funding, minimum variance, beta."""

import math
import random
from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.core.lookback import Bars
from bot.core.policy import Policy
from bot.core.values import ONE
from strategies import beta, funding, minimum_variance, momentum, utility, volatility
from strategies._statistics import (
    Slope,
    effectiveness,
    equal_weights,
    ewma_weights,
    shrunk,
    strength_index,
    trend,
    winsorised,
)
from tests.strategies.builders import (
    DAY_MS,
    FUTURE,
    HOUR_MS,
    MONDAY_MS,
    SPOT,
    D,
    bars,
    settled,
    signal,
    table,
    target,
    view,
)


def path(returns: Sequence[float], *, start: float = 100.0) -> list[Decimal]:
    """Prices that make these log returns."""
    prices = [start]
    for one in returns:
        prices.append(prices[-1] * math.exp(one))
    return [D(f"{price:.10f}") for price in prices]


def swinging(size: float, count: int = 60) -> list[Decimal]:
    """Prices that go up and down by the same log return."""
    return path([size if number % 2 else -size for number in range(count)])


# --- volatility ---------------------------------------------------------------------------------------------

# Daily returns of +-s are s x sqrt(365) a year, whatever the weights: 19.1 % at 1 %. Calm is 40 %, wild 80 %.
VOLATILE = """
# s        | a year   share
  0.01     | 0.1911   0.5
  0.0209   | 0.3993   0.5
  0.031406 | 0.6      0.75
  0.0419   | 0.8005   1
  0.1      | 1.9105   1
"""


@pytest.mark.parametrize(("size", "after"), table(VOLATILE))
def test_the_share_rises_with_volatility_on_a_straight_line(size: str, after: str) -> None:
    year, share = after.split()

    found = volatility.Stage().apply(view(bars(swinging(float(size)))), target("1"))

    assert signal(found, "volatility") == pytest.approx(D(year), abs=D("0.0002"))
    assert found.ratio == pytest.approx(D(share), abs=D("0.001"))
    assert found.valid_until_ms == MONDAY_MS + DAY_MS - 1


def test_ranges_tell_volatility_too() -> None:
    stage = volatility.Stage(estimator="range")
    spread = D("0.02")

    found = stage.apply(view(bars([100] * 61, spread=str(spread))), target("1"))

    swing = math.log(1.02 / 0.98)
    assert float(signal(found, "volatility")) == pytest.approx(
        swing / math.sqrt(4 * math.log(2)) * math.sqrt(365), abs=1e-4
    )


def test_a_constant_price_is_calm_and_newer_returns_weigh_more() -> None:
    stage = volatility.Stage(half_life_bars=D(5))
    woke, slept = path([0.0] * 50 + [0.05] * 10), path([0.05] * 10 + [0.0] * 50)

    assert stage.apply(view(bars([100] * 61)), target("1")).ratio == D("0.5")
    late, early = (stage.apply(view(bars(one)), target("1")) for one in (woke, slept))
    assert signal(late, "volatility") > 10 * signal(early, "volatility")


# --- momentum -----------------------------------------------------------------------------------------------

# t = 0.5 .. 2 leads from 1 to 0.5; an index of 70 .. 85 from there to 1.2.
MOVED = """
# returns, in hundredths, over and over  | share  what
  1 -1                                   | 1      no trend
  -1 -2 -3                               | 1      down
  3 -1 1 -2                              | 0.833  t = 0.25 / 1.936 x sqrt(60) = 1
  3 -2 2 -1                              | 0.546  t = 0.5 / 2.079 x sqrt(60) = 1.863
  3 1 2                                  | 1.2    up-trend, and all of it gains
"""


@pytest.mark.parametrize(("returns", "after"), table(MOVED))
def test_an_up_trend_lowers_the_hedge_and_an_extreme_raises_it(returns: str, after: str) -> None:
    steps = [float(one) / 100 for one in returns.split()]
    closes = path((steps * 60)[:60])

    found = momentum.Stage(trend_bars=60, strength_bars=12).apply(view(bars(closes)), target("1"))

    assert found.ratio == pytest.approx(D(after.split(maxsplit=1)[0]), abs=D("0.001")), found.reason


def test_oversold_lowers_only_where_the_owner_says_so() -> None:
    falling = view(bars(path([-0.01] * 30)))

    assert momentum.Stage().apply(falling, target("1")).ratio == 1
    assert momentum.Stage(share_oversold=D("0.7")).apply(falling, target("1")).ratio == D("0.7")


@pytest.mark.parametrize(
    ("returns", "index", "statistic"),
    [([0.0, 0.0], 50.0, 0.0), ([0.01, 0.01], 100.0, math.inf), ([-0.01, -0.01], 0.0, -math.inf)],
)
def test_what_does_not_vary_has_an_index_and_a_trend_all_the_same(
    returns: list[float], index: float, statistic: float
) -> None:
    assert (strength_index(returns), trend(returns)) == (index, statistic)


def test_a_price_that_only_rises_is_told_without_an_infinite_figure() -> None:
    found = momentum.Stage().apply(view(bars([2**number for number in range(31)])), target("1"))

    assert found.ratio == D("1.2")
    assert signal(found, "trend").is_finite()


# --- utility ------------------------------------------------------------------------------------------------

# h = 1 - (mu - c) / (a sigma^2), theory section 11; bounded to 0 .. 1.5 here
WISHED = """
# mu    c      a   sigma | h
  0     0      2   0.6   | 1
  0.1   0.1    2   0.6   | 1
  0.36  0      2   0.6   | 0.5
  0.36  0.18   2   0.6   | 0.75
  0.36  0      10  0.6   | 0.9
  -0.18 0      2   0.6   | 1.25
  2     0      2   0.6   | 0
  -2    0      2   0.6   | 1.5
"""


@pytest.mark.parametrize(("given_", "ratio"), table(WISHED))
def test_the_one_formula(given_: str, ratio: str) -> None:
    mu, c, a, sigma = map(D, given_.split())
    stage = utility.Stage(
        return_year=mu, carry_year=c, risk_aversion=a, volatility_year=sigma, ratio_max=D("1.5")
    )

    found = stage.apply(view(), target("0.3"))

    assert found.ratio == D(ratio)
    assert ("net short" in found.reason) == (D(ratio) > 1)


def test_utility_measures_volatility_where_none_is_given_and_falls_back_where_there_is_none() -> None:
    stage = utility.Stage(return_year=D("0.36"), lookback_days=60, ratio_fallback=D("0.9"))
    size = 0.6 / math.sqrt(365)

    assert stage.apply(view(bars(swinging(size))), target("0")).ratio == pytest.approx(
        D("0.5"), abs=D("0.001")
    )
    assert stage.apply(view(bars([100] * 61)), target("0")).ratio == D("0.9")
    assert stage.apply(view(), target("0")).ratio == D("0.9")


# --- funding ------------------------------------------------------------------------------------------------

# 8 h settlements, averages of 3; lowered above 5 % a year (0.0046 % a settlement), restored below 0. Positive is received.
PAID = """
# rates in hundredths of a per cent, oldest first | share
  1 1 1 1 1 1                                     | 1
  1 1 1 1 1 -2                                    | 1
  1 1 -1 -1 -1                                    | 0.5
  1 -1 -1 -1 0.2 0.2                              | 0.5
  -1 -1 -1 0 0 0                                  | 1
  -1 -1 -1 0.1 0.1 -0.1                           | 1
  -0.4 -0.4 -0.4 -0.4                             | 1
  -9 -9 -9 1 1 1 -0.4 -0.4 -0.4                   | 1
"""


@pytest.mark.parametrize(("rates", "share"), table(PAID))
def test_the_hedge_is_lowered_by_an_average_and_never_by_one_print(rates: str, share: str) -> None:
    stage = funding.Stage(average_settlements=3, cost=D("0.0001"))
    told = settled([f"{D(rate) / 10_000:f}" for rate in rates.split()])

    found = stage.apply(view(rates=told), target("1"))

    assert found.ratio == D(share), found.reason
    assert found.valid_until_ms == MONDAY_MS + 8 * HOUR_MS - 1


def test_what_is_saved_must_exceed_both_trades() -> None:
    told = settled(["-0.0001"] * 30)

    assert funding.Stage(cost=D("0.0007")).break_even_year == D("0.0365")
    assert funding.Stage(cost=D("0.0007")).apply(view(rates=told), target("1")).ratio == D("0.5")
    assert funding.Stage(cost=D("0.003")).apply(view(rates=told), target("1")).ratio == 1


def test_without_enough_settlements_the_ratio_is_left_as_it_is() -> None:
    found = funding.Stage().apply(view(rates=settled(["-0.01"] * 5)), target("0.8"))

    assert found.ratio == D("0.8")
    assert "21 settlements are needed, 16 are missing" in found.reason
    assert "21 are missing" in funding.Stage().apply(view(), target("0.8")).reason
    late = settled(["-0.01"] * 5, last_ms=MONDAY_MS - 12 * HOUR_MS)
    assert funding.Stage().apply(view(rates=late), target("0.8")).valid_until_ms == MONDAY_MS
    old = settled(["-0.01"] * 30, last_ms=MONDAY_MS - 17 * HOUR_MS)
    assert "the newest settlement is 17 h old" in funding.Stage().apply(view(rates=old), target("0.8")).reason


# --- minimum variance and beta ------------------------------------------------------------------------------


def coupled(slope: float, noise: float, count: int, seed: int = 7) -> tuple[Bars, Bars]:
    """Spot and future whose returns hang together by a slope, with noise."""
    chance = random.Random(seed)  # noqa: S311 - a market, no secret
    moves = [chance.gauss(0, 0.02) for _ in range(count)]
    own = [slope * one + chance.gauss(0, noise) for one in moves]
    return bars(path(own), symbol="ADA/USDT"), bars(path(moves))


def test_the_slope_is_found_with_its_error_and_drawn_to_the_prior() -> None:
    stage = minimum_variance.Stage(lookback_bars=200, prior_error=D("0.25"))
    spot, future = coupled(1.4, 0.03, 200)

    found = stage.apply(view(spot, future, asset="ADA", same_coin=False), target("0"))

    slope, error = signal(found, "slope"), signal(found, "slope_error")
    assert abs(slope - D("1.4")) < 2 * error
    assert float(error) == pytest.approx(0.03 / 0.02 / math.sqrt(200), rel=0.2)
    assert min(slope, D(1)) < found.ratio < max(slope, D(1))
    assert float(found.ratio) == pytest.approx(shrunk(float(slope), float(error), 1.0, 0.25), abs=3e-4)


def test_a_coins_own_future_is_hedged_one_for_one_unless_the_owner_wants_the_estimate() -> None:
    noisy, future = coupled(0.6, 0.01, 90)
    spot = bars(noisy.closes, symbol=SPOT)

    default = minimum_variance.Stage().apply(view(spot, future), target("0"))
    wanted = minimum_variance.Stage(same_coin="estimate").apply(view(spot, future), target("0"))
    blind = minimum_variance.Stage(ratio_fallback=D("0.7")).apply(view(), target("0"))

    assert [default.ratio, blind.ratio] == [ONE, ONE]
    assert signal(default, "slope") == signal(wanted, "slope") != 0
    assert wanted.ratio < D("0.8")


BETAS = """
# slope  noise | beta from  to     weak
  1.3    0     | 1.29       1.31   no
  1.3    0.01  | 1.2        1.4    no
  1      0.05  | 0.7        1.3    yes
  3      0.01  | 2          2      no
"""


@pytest.mark.parametrize(("made", "after"), table(BETAS))
def test_beta_is_told_with_what_it_is_worth_out_of_sample(made: str, after: str) -> None:
    slope, noise = map(float, made.split())
    low, high, weak = after.split()
    stage = beta.Stage(lookback_bars=200, proof_bars=160, bar_hours=24, prior_error=D(1))
    spot, future = coupled(slope, noise, 360)

    found = stage.apply(view(spot, future, asset="ADA", same_coin=False), target("0"))

    assert D(low) <= found.ratio <= D(high)
    assert ("weak: most of the risk stays" in found.reason) == (weak == "yes")
    assert (signal(found, "effectiveness") < D("0.5")) == (weak == "yes")
    assert "out of sample" in found.reason


NETTED = """
# ADA   SOL | beta: 0.5 for ADA, 1.5 for SOL, by what each is worth
   1     0  | 0.5
   0     1  | 1.5
   1     1  | 1.0
   3     1  | 0.75
"""


@pytest.mark.parametrize(("coins", "beta_of_all"), table(NETTED))
def test_coins_netted_into_one_hedge_have_one_beta_by_value(coins: str, beta_of_all: str) -> None:
    ada, future = coupled(0.5, 0, 360)
    sol = bars(coupled(1.5, 0, 360)[0].closes, symbol="SOL/USDT")
    stage = beta.Stage(lookback_bars=40, proof_bars=16, bar_hours=24, prior_error=D(100), winsor_share=D(0))
    held = tuple(zip(("ADA", "SOL"), coins.split(), strict=True))
    # what each coin is worth drifts with its path, so that coins are counted by their last close
    worth = tuple(
        (name, str(D(count) / one.closes[-1])) for (name, count), one in zip(held, (ada, sol), strict=True)
    )

    found = stage.apply(view(ada, sol, future, asset="ADA", same_coin=False, coins=worth), target("0"))

    assert float(found.ratio) == pytest.approx(float(beta_of_all), abs=0.1)


def test_how_many_there_are_of_one_coin_changes_nothing() -> None:
    spot, future = coupled(1.3, 0.01, 360)
    stage = beta.Stage(lookback_bars=200, proof_bars=160, bar_hours=24)

    answers = [
        stage.apply(view(spot, future, asset="ADA", same_coin=False, coins=(("ADA", count),)), target("0"))
        for count in ("1", "7.123456789", "10000")
    ]

    assert answers[0] == answers[1] == answers[2]


def test_one_wild_return_moves_beta_little() -> None:
    spot, future = coupled(1.0, 0.005, 360)
    wild: list[Decimal] = list(spot.closes)
    wild[-1] *= 3
    stage = beta.Stage(lookback_bars=200, proof_bars=160, bar_hours=24)
    picture = [
        stage.apply(view(bars(one, symbol="ADA/USDT"), future, asset="ADA", same_coin=False), target("0"))
        for one in (spot.closes, wild)
    ]

    assert abs(picture[0].ratio - picture[1].ratio) < D("0.1")


@pytest.mark.parametrize(
    "stage", [minimum_variance.Stage(ratio_fallback=D("0.9")), beta.Stage(ratio_fallback=D("0.9"))]
)
def test_a_price_that_does_not_move_holds_the_fallback(stage: Policy) -> None:
    bar_ms = (24 if isinstance(stage, minimum_variance.Stage) else 8) * HOUR_MS
    spot = bars(swinging(0.01, 600), symbol="ADA/USDT", bar_ms=bar_ms)

    found = stage.apply(
        view(spot, bars([100] * 600, bar_ms=bar_ms), asset="ADA", same_coin=False), target("0")
    )

    assert found.ratio == D("0.9")
    assert "did not move" in found.reason


@pytest.mark.parametrize(
    "stage", [minimum_variance.Stage(ratio_fallback=D("0.9")), beta.Stage(ratio_fallback=D("0.9"))]
)
def test_prices_that_do_not_overlap_hold_the_fallback(stage: Policy) -> None:
    bar_ms = (24 if isinstance(stage, minimum_variance.Stage) else 8) * HOUR_MS
    future = bars(swinging(0.01, 600), bar_ms=bar_ms)
    late = bars(swinging(0.01, 600), symbol="ADA/USDT", bar_ms=bar_ms, last_ms=MONDAY_MS - bar_ms)

    for spot, why in (
        (late, "do not overlap"),
        (bars([], symbol="ADA/USDT", bar_ms=bar_ms), "there are none"),
    ):
        found = stage.apply(view(spot, future, asset="ADA", same_coin=False), target("0"))
        assert found.ratio == D("0.9")
        assert why in found.reason


@pytest.mark.parametrize(
    ("kind", "settings", "why"),
    [
        (volatility.Stage, {"volatility_calm": "0.8", "volatility_wild": "0.4"}, "must be below"),
        (momentum.Stage, {"trend_weak": "2", "trend_strong": "1"}, "trend_weak must be below"),
        (momentum.Stage, {"overbought": "90", "overbought_extreme": "80"}, "overbought must be below"),
        (utility.Stage, {"return_year": "0", "ratio_min": "1", "ratio_max": "0.5"}, "must not be above"),
        (funding.Stage, {"paid_year": "0.01", "restored_year": "0.02"}, "must be below"),
        (funding.Stage, {"average_settlements": 50, "lookback_settlements": 20}, "must not be above"),
        (beta.Stage, {"ratio_fallback": "2", "beta_max": "1"}, "must not be above"),
        (minimum_variance.Stage, {"ratio_fallback": "1.5", "ratio_max": "1"}, "must not be above"),
        (volatility.Stage, {"lookback": 3}, "Extra inputs"),
    ],
)
def test_parameters_that_contradict_each_other_are_refused(
    kind: type[volatility.Stage], settings: dict[str, object], why: str
) -> None:
    with pytest.raises(ValidationError, match=why):
        kind.model_validate(settings)


# --- the statistics themselves ------------------------------------------------------------------------------


def test_weights_add_up_and_halve_by_their_half_life() -> None:
    weights = ewma_weights(21, 10)

    assert sum(weights) == pytest.approx(1)
    assert weights[0] / weights[10] == pytest.approx(0.5)
    assert equal_weights(4) == [0.25] * 4


def test_the_least_squares_line_is_the_textbooks() -> None:
    # xs 1 2 3 4, ys 2 4 5 8: slope 1.9, residual sum of squares 0.70, se = sqrt(0.70 / 2 / 5)
    fit = Slope([1, 2, 3, 4], [2, 4, 5, 8], equal_weights(4))

    assert fit.slope == pytest.approx(1.9)
    assert fit.error == pytest.approx(math.sqrt(0.70 / 2 / 5))
    assert fit.explained == pytest.approx(1 - 0.70 / 18.75)


@pytest.mark.parametrize(("xs", "why"), [([1.0, 1.0, 1.0], "did not move"), ([1.0, 2.0], "no slope")])
def test_a_line_through_nothing_is_refused(xs: list[float], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Slope(xs, xs, equal_weights(len(xs)))


def test_extremes_are_drawn_in_and_nothing_else() -> None:
    assert winsorised([5, -90, 1, 2, 3, 4, 6, 7, 8, 90], 0.1) == [5, 1, 1, 2, 3, 4, 6, 7, 8, 8]
    assert winsorised([3.0, 1.0, 2.0], 0.0) == [3, 1, 2]


@given(st.floats(0, 3), st.floats(0.001, 5), st.floats(0.001, 5))
def test_shrinking_lands_between_estimate_and_prior(
    estimate: float, error: float, prior_error: float
) -> None:
    drawn = shrunk(estimate, error, 1.0, prior_error)

    assert min(estimate, 1.0) - 1e-9 <= drawn <= max(estimate, 1.0) + 1e-9


def test_effectiveness_is_one_for_a_perfect_hedge_and_nought_for_none() -> None:
    moves = [math.sin(number) for number in range(40)]

    assert effectiveness(moves, moves, [1.0] * 40, 8) == pytest.approx((1, 0))
    assert effectiveness(moves, moves, [0.0] * 40, 8) == pytest.approx((0, 0))
    assert effectiveness(moves, moves, [2.0] * 40, 8)[0] == pytest.approx(0, abs=1e-9)


# --- all of them --------------------------------------------------------------------------------------------

LOOKING_BACK: list[Policy] = [
    volatility.Stage(),
    momentum.Stage(),
    utility.Stage(return_year=D("0.2")),
    minimum_variance.Stage(same_coin="estimate"),
    beta.Stage(bar_hours=24, lookback_bars=60, proof_bars=30),
]


@pytest.mark.parametrize("stage", LOOKING_BACK, ids=lambda one: str(one.stage))
@given(seed=st.integers(0, 10**6), cut=st.integers(1, 40))
def test_nothing_after_the_time_of_the_picture_is_looked_at(stage: Policy, seed: int, cut: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a market, no secret
    moves = [chance.gauss(0, 0.03) for _ in range(160)]
    other = [*moves[: 160 - cut], *(chance.gauss(0, 0.3) for _ in range(cut))]
    told = []
    for returns in (moves, other):
        closes = path(returns)[: 161 - cut]
        picture = view(bars(closes, symbol=SPOT), bars(closes, symbol=FUTURE))
        told.append(stage.apply(picture, target("1")))

    assert told[0] == told[1]


def test_a_bar_from_the_future_is_a_fault() -> None:
    with pytest.raises(ValueError, match="after the time of the picture"):
        volatility.Stage().apply(view(bars(swinging(0.01), last_ms=MONDAY_MS + DAY_MS)), target("1"))
