from pathlib import Path

import numpy as np
import pytest

from bot.core.rules import Meaning
from strategies.fixed_ratio import Stage
from tests.backtest.builders import D, hours, loaded, replay, without_fees

LINEAR = without_fees("BTC/USDT:USDT")
INVERSE = without_fees("BTC/USD:BTC", contract_size=D(10))
WALK = [100 + 5 * np.sin(n / 3) + n / 10 for n in range(100)]


@pytest.mark.parametrize("ratio", ["0", "0.5", "1", "1.25"])
def test_effectiveness_of_a_perfectly_correlated_hedge_is_one_less_the_square_of_what_is_open(
    ratio: str, tmp_path: Path
) -> None:
    bars = loaded(hours(WALK), tmp_path)

    _, report = replay(bars, LINEAR, coins="2", deposit="100000", outer="0", stage=Stage(ratio=D(ratio)))

    open_share = 1 - float(ratio)
    for horizon in ("1bar", "8h", "1d"):
        assert report.hedge_effectiveness[horizon] == pytest.approx(1 - open_share**2, abs=1e-9)
        assert report.vol_reduction[horizon] == pytest.approx(1 - abs(open_share), abs=1e-5)
        if ratio != "0":
            assert report.regression_slope[horizon] == pytest.approx(1 / float(ratio))


def test_the_parts_of_profit_add_up_and_so_does_the_wallet(tmp_path: Path) -> None:
    from bot.adapters.model_market import model_contract

    rates = [0.0001 if n % 8 == 0 else None for n in range(100)]
    bars = loaded(hours(WALK, funding_rate=rates), tmp_path)

    _, report = replay(
        bars, model_contract("BTC/USDT:USDT"), coins="2", deposit="1000", outer="0.01",
        meaning=Meaning.CONSTANT_MIX, stage=Stage(ratio=D("0.5")),
    )  # fmt: skip

    assert report.fills > 2
    assert report.fees < 0 < report.funding
    assert report.net_pnl == report.spot_pnl + report.futures_pnl + report.funding + report.fees
    assert report.equity_settle == 1000 + report.futures_pnl + report.funding + report.fees


def test_a_full_inverse_hedge_keeps_its_dollars(tmp_path: Path) -> None:
    bars = loaded(hours([100.0, 50, 200, 25, 400]), tmp_path)

    _, report = replay(bars, INVERSE, coins="0", deposit="10")

    assert report.value_quote_min == pytest.approx(1000)
    assert report.value_quote_max == pytest.approx(1000)
    assert report.futures_pnl_settle == -D("7.5")
    assert report.liquidation_distance_min is None


def test_margin_figures_are_those_of_the_worst_moment(tmp_path: Path) -> None:
    bars = loaded(hours([100.0, 120, 150, 100]), tmp_path)

    _, report = replay(bars, LINEAR, coins="1", deposit="100")

    assert report.margin_ratio_max == pytest.approx(0.004 * 150 / 50)
    assert report.liquidation_distance_min == pytest.approx(200 / 1.004 / 150 - 1)


def test_a_dollar_offset_is_not_shown_when_the_spot_hardly_moved(tmp_path: Path) -> None:
    still = loaded(hours([100.0, 130, 70, 100.5]), tmp_path)
    moved = loaded(hours([100.0, 130, 70, 110]), tmp_path)

    assert replay(still, LINEAR, coins="1", deposit="1000")[1].dollar_offset is None
    assert replay(moved, LINEAR, coins="1", deposit="1000")[1].dollar_offset == pytest.approx(1)


def test_changes_across_a_missing_price_are_no_changes(tmp_path: Path) -> None:
    spot: list[float | None] = [100.0, 110, None, 90, 100, 105]
    bars = loaded(hours([100.0, 110, 500, 90, 100, 105], close_spot=spot), tmp_path)

    _, report = replay(bars, LINEAR, coins="1", deposit="10000")

    assert report.changes["1bar"] == 3
    assert report.hedge_effectiveness["1bar"] == pytest.approx(1)


def test_a_replay_without_a_single_spot_price_measures_nothing_and_does_not_crash(tmp_path: Path) -> None:
    bars = loaded(hours([100.0] * 4, close_spot=[None] * 4), tmp_path)

    _, report = replay(bars, LINEAR, coins="1", deposit="100")

    assert (report.decisions, report.orders, report.bars_skipped_missing) == (0, 0, 4)
    assert report.hedge_effectiveness["1bar"] is None
