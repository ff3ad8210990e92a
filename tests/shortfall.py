"""Shortfall of the pricing ladder against crossing at once, on a recorded book, with what was assumed printed beside it.

``make shortfall`` lets intents of both sides and several sizes arrive at even times and works each three times: across
at once, and by the ladder under two beliefs about the queue. It is a command and not a test, because its figures are
those of six minutes of one day: they say how the ladder is to be measured, not what it will earn.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from bot.core.values import Side
from bot.settings_trading import Pricing
from tests.recorded_book import RECORDING, BestQuote, Book, Event, Queue, read
from tests.recorded_intent import NS_A_MS, Intent, Plan

NS_A_SECOND = 1_000 * NS_A_MS
BP = 10_000
CROSS = "cross at once"
WARM_UP_SECONDS = 1
SETTLE_SECONDS = 10
"""An intent arrives early enough for its patience and this long to cross after it."""
BLOCK_SECONDS = 30
RESAMPLES = 10_000


@dataclass(frozen=True)
class Job:
    """What is to be measured."""

    pricing: Pricing
    every_seconds: float = 2
    sizes: tuple[Decimal, ...] = (Decimal("0.05"), Decimal("0.5"))
    world: Plan = field(default_factory=lambda: Plan(name="", pricing=Pricing().rules()))
    """Latency, ticks and fees; the name, rules and queue are each plan's."""
    seed: int = 7

    def plans(self) -> list[Plan]:
        """Give the ways an intent is worked; crossing comes first."""
        at_once = self.pricing.model_copy(update={"patience_seconds": Decimal(0)})
        ladders = [
            replace(self.world, name=f"ladder, {queue}", pricing=self.pricing.rules(), queue=queue)
            for queue in Queue
        ]
        return [replace(self.world, name=CROSS, pricing=at_once.rules()), *ladders]


@dataclass(frozen=True)
class Outcome:
    """What came of an intent. Basis points are of the mid at arrival; positive is a loss."""

    plan: str
    side: str
    size: Decimal
    at_seconds: float
    half_spread: float
    price: float
    fees: float
    passive: float
    """Share of the size that was filled at rest."""
    seconds: float
    rejected: int
    done: bool

    @property
    def total(self) -> float:
        """Price and fees."""
        return self.price + self.fees


# --- measuring ----------------------------------------------------------------------------------------------


def arrivals(events: Sequence[Event], job: Job) -> list[int]:
    """Give the times at which intents arrive: even, after the book is there, early enough to end before it does.

    Raises:
        ValueError: there is no such time.
    """
    first = events[0].at_ns + WARM_UP_SECONDS * NS_A_SECOND
    last = events[-1].at_ns - int((job.pricing.patience_seconds + SETTLE_SECONDS) * NS_A_SECOND)
    times = list(range(first, last, int(job.every_seconds * NS_A_SECOND)))
    if not times:
        raise ValueError("The recording is too short for this patience.")
    return times


def measure(events: Sequence[Event], job: Job) -> list[Outcome]:
    """Play the recording once, with every intent of every plan in it; none sees another."""
    book, plans, waiting = Book(), job.plans(), arrivals(events, job)[::-1]
    began, live, everyone = waiting[-1], list[Intent](), list[Intent]()
    for event in events:
        while waiting and waiting[-1] <= event.at_ns:
            new = _arrive(book.touched(), waiting.pop(), plans, job.sizes)
            live = [intent for intent in live if not intent.done] + new
            everyone += new
        for intent in live:
            while intent.due_ns <= event.at_ns:
                intent.wake(book)
        book.apply(event)
        for intent in live:
            intent.hear(event, book)
    return [outcome(intent, began) for intent in everyone]


def _arrive(best: BestQuote, at_ns: int, plans: Iterable[Plan], sizes: Iterable[Decimal]) -> list[Intent]:
    return [Intent(plan, side, size, best, at_ns) for plan in plans for size in sizes for side in Side]


def outcome(intent: Intent, began_ns: int) -> Outcome:
    """Judge an intent by its fills; one that is not done is judged by what is."""
    plan, mid, fills, filled = intent.plan, intent.arrival.mid, intent.fills, intent.filled
    worth = mid * filled if filled else mid
    paid = sum((intent.side.sign * (fill.price - mid) * fill.size for fill in fills), Decimal(0))
    fees = sum(
        (fill.price * fill.size * (plan.fee_maker if fill.maker else plan.fee_taker) for fill in fills),
        Decimal(0),
    )
    passive = sum((fill.size for fill in fills if fill.maker), Decimal(0))
    return Outcome(
        plan=plan.name,
        side=intent.side.value,
        size=intent.size,
        at_seconds=(intent.at_ns - began_ns) / NS_A_SECOND,
        half_spread=float((intent.arrival.ask - intent.arrival.bid) / 2 / mid * BP),
        price=float(paid / worth * BP),
        fees=float(fees / worth * BP),
        passive=float(passive / intent.size),
        seconds=(fills[-1].at_ns - intent.at_ns) / NS_A_SECOND if fills else float("nan"),
        rejected=intent.rejected,
        done=intent.done,
    )


# --- statistics ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Estimate:
    """A mean, its standard error, and a 95 % interval."""

    mean: float
    error: float
    low: float
    high: float


def estimate(at_seconds: Sequence[float], figures: Sequence[float], seed: int) -> Estimate:
    """Resample whole blocks of arrivals, because intents that are alive together share one market."""
    blocks: dict[int, list[float]] = defaultdict(list)
    for at, figure in zip(at_seconds, figures, strict=True):
        blocks[int(at // BLOCK_SECONDS)].append(figure)
    sums = np.array([sum(block) for block in blocks.values()])
    counts = np.array([len(block) for block in blocks.values()])
    drawn = np.random.default_rng(seed).integers(len(sums), size=(RESAMPLES, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Estimate(float(np.mean(figures)), float(means.std(ddof=1)), float(low), float(high))


def _mean(figures: Iterable[float]) -> float | None:
    known = list(figures)
    return float(np.mean(known)) if known else None


def row(outcomes: Sequence[Outcome], seed: int) -> dict[str, Any]:
    """Sum up one plan at one size; intents that are not done are counted and otherwise left out.

    Raises:
        ValueError: none is done.
    """
    done = [one for one in outcomes if one.done]
    if not done:
        raise ValueError(f"No intent of {outcomes[0].size} was completed by plan '{outcomes[0].plan}'.")
    at = [one.at_seconds for one in done]
    return {
        "size": str(outcomes[0].size),
        "plan": outcomes[0].plan,
        "intents": len(outcomes),
        "not_done": len(outcomes) - len(done),
        "price_bp": asdict(estimate(at, [one.price for one in done], seed)),
        "price_bp_deviation": float(np.std([one.price for one in done])),
        "fees_bp": _mean(one.fees for one in done),
        "total_bp": asdict(estimate(at, [one.total for one in done], seed)),
        "passive": _mean(one.passive for one in done),
        "seconds": _mean(one.seconds for one in done),
        "price_bp_all_passive": _mean(one.price for one in done if one.passive == 1),
        "price_bp_others": _mean(one.price for one in done if one.passive < 1),
        "rejected": sum(one.rejected for one in outcomes),
    }


def difference(
    ladder: Sequence[Outcome], crossing: Sequence[Outcome], world: Plan, seed: int
) -> dict[str, Any]:
    """Set a ladder's intents against the same intents crossed: ladder minus crossing, so negative is saved."""
    pairs = [(slow, fast) for slow, fast in zip(ladder, crossing, strict=True) if slow.done and fast.done]
    at = [slow.at_seconds for slow, _ in pairs]
    apart = float((world.fee_taker - world.fee_maker) * BP)
    return {
        "size": str(ladder[0].size),
        "plan": ladder[0].plan,
        "pairs": len(pairs),
        "price_bp": asdict(estimate(at, [slow.price - fast.price for slow, fast in pairs], seed)),
        "total_bp": asdict(estimate(at, [slow.total - fast.total for slow, fast in pairs], seed)),
        "total_bp_by_side": {
            side.value: _mean(slow.total - fast.total for slow, fast in pairs if slow.side == side)
            for side in Side
        },
        "driftless_bp": _mean(-slow.passive * (apart + slow.half_spread) for slow, _ in pairs),
    }


def report(events: Sequence[Event], job: Job) -> dict[str, Any]:
    """Measure and sum up."""
    outcomes = measure(events, job)
    groups: dict[tuple[Decimal, str], list[Outcome]] = defaultdict(list)
    for one in outcomes:
        groups[one.size, one.plan].append(one)
    return {
        "assumptions": assumptions(job),
        "settings": settings(job),
        "recording": recording(events, outcomes),
        "rows": [row(group, job.seed) for _, group in sorted(groups.items())],
        "differences": [
            difference(group, groups[size, CROSS], job.world, job.seed)
            for (size, plan), group in sorted(groups.items())
            if plan != CROSS
        ],
    }


# --- words --------------------------------------------------------------------------------------------------


def settings(job: Job) -> dict[str, Any]:
    """Give the settings that steer the figures."""
    world = job.world
    return {
        **{name: str(figure) for name, figure in job.pricing.model_dump().items()},
        "latency_ms": world.latency_ms,
        "tick_ms": world.tick_ms,
        "fee_maker": str(world.fee_maker),
        "fee_taker": str(world.fee_taker),
        "every_seconds": job.every_seconds,
        "seed": job.seed,
    }


def recording(events: Sequence[Event], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Say what kind of market it was."""
    mids = [event.mid for event in events if isinstance(event, BestQuote)]
    return {
        "seconds": round((events[-1].at_ns - events[0].at_ns) / NS_A_SECOND, 1),
        "moved_bp": round(float((mids[-1] / mids[0] - 1) * BP), 1),
        "range_bp": round(float((max(mids) / min(mids) - 1) * BP), 1),
        "half_spread_at_arrivals_bp": _mean(one.half_spread for one in outcomes),
        "arrivals": len({one.at_seconds for one in outcomes}),
        "blocks": len({int(one.at_seconds // BLOCK_SECONDS) for one in outcomes}),
    }


def assumptions(job: Job) -> list[str]:
    """Say what the figures rest on."""
    world = job.world
    return [
        "Our orders move nothing: nobody reacts to them, and each intent finds the book as if the others were not there.",
        (
            f"Decisions are the product's decide(), every {world.tick_ms} ms on the best quote as received; a command acts"
            f" {world.latency_ms} ms later, and fills and answers are known at once."
        ),
        (
            "A passive order joins behind all that is displayed at its price, and is served by trades of the other side there;"
            " a trade beyond its price fills it by no more than that trade's size. A quote that reaches it without trading does not."
        ),
        (
            "'Cancels behind us': only trades shorten the queue, which is harsher than can be. 'Cancels pro rata': what went"
            " without a trade was ahead of us by the queue's share, which is kind: later orders are likelier to be cancelled."
        ),
        "A post-only order that would take is rejected, and after a rejection the ladder waits 1 s or more, as the product does.",
        "A crossing order fills at the displayed levels up to its cap; nothing hidden helps it, nobody is quicker.",
        (
            f"The trade is a twentieth of the holdings in a standing hedge, the band is 0, so that parts are worked to the end;"
            f" no smallest order value beyond 5. Fees: maker {world.fee_maker}, taker {world.fee_taker}."
        ),
        (
            f"Errors and intervals: {RESAMPLES} resamples of whole {BLOCK_SECONDS} s blocks of arrivals. They are too small still:"
            " blocks are few, intents outlive them, and six minutes of one day are one draw of a market's mood."
        ),
        "Driftless: what reference section 13 promises if the mid went nowhere on average, p x (taker - maker + half spread).",
    ]


def table(told: dict[str, Any]) -> str:
    """Lay the report out."""
    market = told["recording"]
    lines = [f"- {one}" for one in told["assumptions"]]
    lines += ["", "settings: " + ", ".join(f"{name} {value}" for name, value in told["settings"].items())]
    lines += [
        (
            f"recording: {market['seconds']} s, mid moved {market['moved_bp']:+} bp within a range of {market['range_bp']} bp, half"
            f" spread {market['half_spread_at_arrivals_bp']:.3f} bp; {market['arrivals']} arrivals in {market['blocks']} blocks"
        ),
        "",
        "Shortfall against the mid at arrival, in basis points (positive is a loss): mean, standard error, deviation of one intent",
        (
            f"{'size':>5} {'plan':<26} {'intents':>7} {'undone':>6} {'price':>6} {'+-':>5} {'sd':>5} {'fees':>5} {'total':>6} {'+-':>5}"
            f" {'passive':>8} {'seconds':>7} {'price if all passive':>20} {'else':>6} {'rejected':>8}"
        ),
    ]
    lines += [
        f"{one['size']:>5} {one['plan']:<26} {one['intents']:>7} {one['not_done']:>6} {one['price_bp']['mean']:>6.2f}"
        f" {one['price_bp']['error']:>5.2f} {one['price_bp_deviation']:>5.2f} {one['fees_bp']:>5.2f} {one['total_bp']['mean']:>6.2f}"
        f" {one['total_bp']['error']:>5.2f} {one['passive']:>8.1%} {one['seconds']:>7.2f}"
        f" {_figure(one['price_bp_all_passive']):>20} {_figure(one['price_bp_others']):>6} {one['rejected']:>8}"
        for one in told["rows"]
    ]
    lines += [
        "",
        "Ladder minus crossing, in pairs, in basis points (negative: the ladder is cheaper)",
        (
            f"{'size':>5} {'plan':<26} {'pairs':>7} {'price':>6} {'+-':>5} {'95 %':>15} {'with fees':>9} {'+-':>5} {'95 %':>15}"
            f" {'buys':>6} {'sells':>6} {'driftless':>9}"
        ),
    ]
    lines += [
        f"{one['size']:>5} {one['plan']:<26} {one['pairs']:>7} {_estimate(one['price_bp'], 6)}"
        f" {_estimate(one['total_bp'], 9)} {one['total_bp_by_side']['buy']:>6.2f}"
        f" {one['total_bp_by_side']['sell']:>6.2f} {one['driftless_bp']:>9.2f}"
        for one in told["differences"]
    ]
    return "\n".join(lines)


def _figure(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.2f}"


def _estimate(one: dict[str, float], width: int) -> str:
    interval = f"{one['low']:.2f} .. {one['high']:.2f}"
    return f"{one['mean']:>{width}.2f} {one['error']:>5.2f} {interval:>15}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    shipped = Pricing()
    parser.add_argument(
        "--data", type=Path, default=Path("../shared/data"), help="folder that holds the recording"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--every", type=float, default=2, help="seconds between arrivals")
    parser.add_argument("--sizes", type=Decimal, nargs="+", default=Job(shipped).sizes, help="coins")
    parser.add_argument("--latency-ms", type=int, default=100, help="until a command takes effect")
    parser.add_argument("--tick-ms", type=int, default=250, help="between two decisions")
    parser.add_argument("--seed", type=int, default=7, help="of the bootstrap")
    for name in ("patience_seconds", "chase_ticks", "chase_seconds", "inside_ticks", "reprices_max"):
        words = Pricing.model_fields[name].description
        parser.add_argument(f"--{name.replace('_', '-')}", default=getattr(shipped, name), help=words)
    options = vars(parser.parse_args())
    path = options["data"] / RECORDING
    if not path.is_file():
        raise SystemExit(
            f"No {RECORDING} in {options['data']}: give the folder of the recording with --data."
        )
    try:
        pricing = Pricing(**{name: options[name] for name in Pricing.model_fields if name in options})
        world = replace(Job(pricing).world, latency_ms=options["latency_ms"], tick_ms=options["tick_ms"])
        job = Job(pricing, options["every"], tuple(options["sizes"]), world, options["seed"])
        told = report(read(path), job)
    except ValueError as fault:
        raise SystemExit(str(fault)) from fault
    print(json.dumps(told, indent=2) if options["json"] else table(told))  # noqa: T201 - what the command is for


if __name__ == "__main__":
    main()
