"""One year of minutes through the real decision, risk and order code, beside other engines, as ratios.

``make bench`` runs each engine in its own process several times, one at a time, and prints medians of one session:
bars per second of the run alone, and of the whole process with imports and data. It is a command and not a test,
because machines are noisy. The job and the peers' scripts come from a folder given with ``--peers``.
"""
# ruff: noqa: E402 - the clock starts before the imports, as the peers' does

import time

START = time.perf_counter()

import argparse
import asyncio
import importlib
import json
import resource
import statistics
import subprocess
import sys
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.core.policy import MarketView, Target
from bot.core.values import Money, Ratio

BAR_MS = 60_000
HOUR_MS = 3_600_000
OURS = "hedgerow"


@dataclass(frozen=True)
class Hourly:
    """A policy stage: a schedule of ratios, one an hour, known at the close of the hour's first bar."""

    ratios: tuple[Decimal, ...]
    from_ms: int

    def apply(self, market: MarketView, target: Target) -> Target:
        """Set the ratio of the hour, good until the hour's end."""
        hour = (market.at_ms - self.from_ms) // HOUR_MS
        until_ms = self.from_ms + (hour + 1) * HOUR_MS - 1
        ratio = Ratio(self.ratios[hour])
        return Target(ratio=ratio, band=target.band, reason="schedule", valid_until_ms=until_ms)


def our_job(peers: Path) -> None:
    """Run the job once in this process and print its RESULT line."""
    import numpy as np

    from bot.adapters.log import SilentLog
    from bot.adapters.model_market import model_contract
    from bot.backtest.history import History
    from bot.backtest.runner import Runner, Setup
    from bot.core.policy import Band
    from bot.core.rules import HedgeRules, Kind, Meaning, Rules
    from bot.core.snapshot import Holding
    from bot.core.values import Coins, Notional, Ratio
    from tests.core.builders import BOOKS, guard_rules, pricing_rules, risk_rules, roll_rules

    sys.path.insert(0, str(peers))
    common = importlib.import_module("common")
    opened, high, low, close, _ = common.prices()
    start_ms = common.START_NS // 1_000_000
    bars = len(close)
    none = np.full(bars, np.nan)
    history = History(
        name="one year of minutes",
        interval_ms=BAR_MS,
        open_ms=start_ms + BAR_MS * np.arange(bars, dtype=np.int64),
        perp_open=opened,
        perp_high=high,
        perp_low=low,
        perp_close=close,
        mark=close,
        spot=close,
        volume=np.full(bars, np.inf),
        funding_rate=none,
        funding_price=none,
        missing=np.zeros(bars, bool),
        stale=np.zeros(bars, bool),
    )
    contract = replace(model_contract("BTC/USDT:USDT"), fee_taker=Ratio(Decimal(str(common.FEE))))
    ratios = tuple(Decimal(str(ratio)) for ratio in common.targets().tolist())
    hedge = HedgeRules(
        name="btc",
        asset="BTC",
        symbol=contract.symbol,
        kind=Kind.PERPETUAL,
        contract_size=None,
        meaning=Meaning.SHARE_OF_HOLDINGS,
        amount=Notional(Decimal(0)),
        band=Band(outer=Ratio(Decimal(str(common.BAND))), inner=Ratio(Decimal(0))),
        stages=(Hourly(ratios=ratios, from_ms=start_ms + BAR_MS),),
    )
    rules = Rules(
        account="bench",
        hedges=(hedge,),
        pricing=pricing_rules(Decimal(0), Decimal("0.01")),
        roll=roll_rules(),
        books=BOOKS,
        risk=risk_rules(quote_age=60, order_cap=2_000_000, position_cap=2_000_000, leverage=3, shock="0.3"),
        guard=guard_rules(ladder=True),
    )
    setup = Setup(
        contract=contract,
        holdings=(Holding(asset="BTC", coins=Coins(Decimal(str(common.SPOT))), place="declared"),),
        deposit=Money(Decimal(1_000_000)),
        margin_mode="cross",
        leverage=Decimal(20),
        participation=Decimal(1),
        spread=Decimal(0),
    )
    began = time.perf_counter()
    run = asyncio.run(Runner(history, rules, setup, SilentLog()).run(lambda _bar: None))
    ended = time.perf_counter()
    result = {
        "engine": OURS,
        "bars_per_s": round(bars / (ended - began)),
        "bars_per_s_total": round(bars / (ended - START)),
        "fills": len(run.fills),
        "final_short": float(-run.path[-1].contracts),
        "decisions": run.decisions,
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print("RESULT " + json.dumps(result), flush=True)  # noqa: T201 - what the command is for


def measured(command: list[str], folder: Path, times: int) -> dict[str, Any]:
    """Run a command several times and give the medians of its RESULT lines.

    Raises:
        SystemExit: a run failed; its last words are shown.
    """
    results: list[dict[str, Any]] = []
    for _ in range(times):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
        if done.returncode or not lines:
            raise SystemExit(f"{' '.join(command)} failed: {done.stderr.strip().splitlines()[-1:]}")
        results.append(json.loads(lines[-1].removeprefix("RESULT ")))
    speeds = ("bars_per_s", "bars_per_s_total")
    return results[-1] | {key: statistics.median(result[key] for result in results) for key in speeds}


def table(rows: list[dict[str, Any]]) -> str:
    """Lay the engines out, with our speed as a multiple of theirs."""
    ours = next(row for row in rows if row["engine"] == OURS)
    lines = [
        f"{'engine':<16} {'run bars/s':>12} {'ratio':>7} {'whole bars/s':>13} {'ratio':>7} {'fills':>6} {'short':>7} {'MB':>5}"
    ]
    for row in rows:
        run, whole = row["bars_per_s"], row["bars_per_s_total"]
        lines.append(
            f"{row['engine']:<16} {run:>12,.0f} {ours['bars_per_s'] / run:>7.2f} {whole:>13,.0f}"
            f" {ours['bars_per_s_total'] / whole:>7.2f} {row['fills']:>6} {row['final_short']:>7} {row['peak_rss_mb']:>5}"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure everything side by side."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--peers", type=Path, required=True, help="folder with common.py and the peers' scripts"
    )
    parser.add_argument("--peers-python", default=sys.executable, help="Python that has the peers installed")
    parser.add_argument("--times", type=int, default=3, help="runs of each engine; medians are shown")
    parser.add_argument("--ours", action="store_true", help="run our job once in this process")
    arguments = parser.parse_args()
    peers = arguments.peers.resolve()
    if not (peers / "common.py").is_file():
        raise SystemExit(f"No common.py in {peers}: give the folder of the peers' scripts with --peers.")
    if arguments.ours:
        our_job(peers)
        return
    root = Path(__file__).parent.parent
    theirs = str(Path(arguments.peers_python).absolute())
    jobs: list[tuple[list[str], Path]] = [
        ([sys.executable, "-m", "tests.benchmark", "--ours", "--peers", str(peers)], root),
        ([theirs, "p0_reference.py", "float"], peers),
        ([theirs, "p0_reference.py", "decimal"], peers),
        ([theirs, "p2_backtesting.py"], peers),
    ]
    print(table([measured(command, folder, arguments.times) for command, folder in jobs]))  # noqa: T201 - the same


if __name__ == "__main__":
    main()
