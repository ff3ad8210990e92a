"""A stage on trial, before it may decide about coins: does it keep what a policy promises?

It is shown pictures all over a history: with too little of a past, and with a whole one. What is not proved is said so:
that it reads no clock, file, network or dice is tried by taking those away while it answers.
"""

import builtins
import inspect
import io
import random
import re
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from typing import Literal, NoReturn

import numpy as np

from bot.backtest.history import History, exact
from bot.backtest.lookback import Lookback
from bot.core.lookback import spot_market
from bot.core.policy import Band, MarketView, Policy, Target, needs_of, settlements_of, unsound
from bot.core.values import Coins, Price, Ratio, record

LOOKS = 40
"""Pictures a stage is shown."""
SLOW_MS = 50
"""An answer that takes longer is told as slow: a loop asks every few seconds, a replay many thousand times."""
SYMBOL, ASSET = "BTC/USDT:USDT", "BTC"
BEFORE = Target(
    ratio=Ratio(Decimal("0.8")),
    band=Band(outer=Ratio(Decimal("0.02")), inner=Ratio(Decimal("0.005"))),
    reason="before",
)
CLOCK = re.compile(r"\b(datetime|date)\.(now|today|utcnow)\(")
"""What reads the clock and cannot be taken away."""
Verdict = Literal["ok", "slow", "FAILED"]


@record
class Check:
    """One promise, and whether it was kept."""

    name: str
    verdict: Verdict
    found: str
    """What was seen, in words and figures."""


class Trial:
    """One stage, shown one history. ``made`` makes it anew, so that nothing it keeps to itself can help it."""

    def __init__(self, made: Callable[[], Policy], history: History) -> None:
        self._made = made
        self._history = history
        last = len(history) - 2
        places = np.linspace(1, last, LOOKS).astype(int)
        self._bars = list(dict.fromkeys(int(place) for place in places))
        self._times: list[float] = []

    def checks(self) -> tuple[Check, ...]:
        """Try every promise. A stage that raises fails at the first of them."""
        answers = self._forward()
        if isinstance(answers, Check):
            return (answers,)
        return (
            self._sound(answers),
            self._backward(answers),
            self._unchanged(),
            self._shut_in(answers),
            self._truncated(answers),
            self._lasting(answers),
            self._speed(),
        )

    # --- asking ---------------------------------------------------------------------------------------------

    def view(self, history: History, lookback: Lookback, bar: int) -> MarketView:
        """Show a stage the close of a bar."""
        stage, at_ms = self._made(), history.close_ms(bar)
        needs = needs_of((stage,), SYMBOL, (ASSET,))
        count = settlements_of((stage,))
        bars = (lookback.bars(need, at_ms) for need in needs)
        settled = lookback.settled(SYMBOL, count, at_ms) if count else None
        price = Price(exact(history.perp_close[bar]))
        return MarketView(
            at_ms=at_ms,
            asset=ASSET,
            mark=price,
            index=price,
            funding_rate=None,
            symbol=SYMBOL,
            coins=((ASSET, Coins(Decimal(1))),),
            bars=tuple(one for one in bars if one is not None),
            settled=() if settled is None else (settled,),
        )

    def _forward(self) -> list[Target] | Check:
        """Ask at each bar in turn, with one stage."""
        stage, whole, answers = self._made(), _lookback(self._history), []
        for bar in self._bars:
            view = self.view(self._history, whole, bar)
            began = time.perf_counter()
            try:
                answers.append(stage.apply(view, BEFORE))
            except Exception as error:  # noqa: BLE001 - it is what is asked
                when = _when(view.at_ms)
                return Check(
                    name="answers", verdict="FAILED", found=f"at {when}: {type(error).__name__}: {error}"
                )
            self._times.append(time.perf_counter() - began)
        return answers

    def _again(self, bars: Sequence[int]) -> Iterator[Target]:
        """Ask with a new stage, in another order."""
        stage, whole = self._made(), _lookback(self._history)
        return (stage.apply(self.view(self._history, whole, bar), BEFORE) for bar in bars)

    # --- promises -------------------------------------------------------------------------------------------

    def _sound(self, answers: list[Target]) -> Check:
        """Ratios are Decimals between 0 and 2, bands are in order, ends are not past."""
        for bar, answer in zip(self._bars, answers, strict=True):
            at_ms = self._history.close_ms(bar)
            if wrong := unsound(answer, at_ms):
                return Check(name="bounds", verdict="FAILED", found=f"at {_when(at_ms)} {wrong}")
        ratios = [answer.ratio for answer in answers]
        return Check(
            name="bounds",
            verdict="ok",
            found=f"{len(answers)} answers, ratios from {min(ratios):f} to {max(ratios):f} after a {BEFORE.ratio}",
        )

    def _backward(self, answers: list[Target]) -> Check:
        """The same picture has the same answer, whatever was asked before it."""
        backward = list(self._again(self._bars[::-1]))[::-1]
        return self._same("determinism", answers, backward, "asked in another order by a new stage")

    def _unchanged(self) -> Check:
        """Neither what it is shown nor the stage itself changes by an answer."""
        stage, whole = self._made(), _lookback(self._history)
        view = self.view(self._history, whole, self._bars[-1])
        kept = deepcopy((view, BEFORE, vars(stage)))
        stage.apply(view, BEFORE)
        same = (view, BEFORE, vars(stage)) == kept
        words = "nothing changed" if same else "the picture, the target or the stage itself changed"
        return Check(name="purity", verdict="ok" if same else "FAILED", found=words)

    def _shut_in(self, answers: list[Target]) -> Check:
        """It answers the same without a clock, dice, files and a network."""
        stage = self._made()
        clock = CLOCK.search(inspect.getsource(type(stage)))
        if clock:
            return Check(name="shut in", verdict="FAILED", found=f"its source reads the clock: {clock[0]}")
        views = [self.view(self._history, _lookback(self._history), bar) for bar in self._bars[-3:]]
        try:
            with _shut_in():
                shut = [stage.apply(view, BEFORE) for view in views]
        except Exception as error:  # noqa: BLE001 - it is what is asked
            return Check(name="shut in", verdict="FAILED", found=f"{type(error).__name__}: {error}")
        return self._same("shut in", answers[-3:], shut, "without a clock, dice, files and a network")

    def _truncated(self, answers: list[Target]) -> Check:
        """What comes later changes nothing: the history is cut right behind each picture."""
        cut = []
        for bar in self._bars:
            past = self._history.part(0, bar + 1)
            cut.append(self._made().apply(self.view(past, _lookback(past), bar), BEFORE))
        return self._same("no look-ahead", answers, cut, "with the history cut off behind")

    def _lasting(self, answers: list[Target]) -> Check:
        """Up to the end it names, it wants the same ratio at any price."""
        stage, whole = self._made(), _lookback(self._history)
        for bar, answer in zip(self._bars, answers, strict=True):
            view = self.view(self._history, whole, bar)
            end_ms = min(answer.valid_until_ms, self._history.close_ms(bar + 1) - 1)
            for share in ("0.7", "1.4"):
                price = Price(view.mark * Decimal(share))
                later = replace(view, at_ms=end_ms, mark=price, index=price)
                ratio = stage.apply(later, BEFORE).ratio
                if ratio != answer.ratio:
                    found = (
                        f"at {_when(view.at_ms)} it said {answer.ratio:f} up to {_when(answer.valid_until_ms)}, and at"
                        f" {_when(end_ms)} and {share} of the price it wants {ratio:f}: name an earlier valid_until_ms"
                    )
                    return Check(name="valid until", verdict="FAILED", found=found)
        return Check(name="valid until", verdict="ok", found="answers hold up to their end, at any price")

    def _speed(self) -> Check:
        mean_ms = 1000 * sum(self._times) / len(self._times)
        verdict: Verdict = "slow" if mean_ms > SLOW_MS else "ok"
        return Check(name="speed", verdict=verdict, found=f"{mean_ms:.2f} ms an answer")

    def _same(self, name: str, first: Sequence[Target], second: Sequence[Target], how: str) -> Check:
        for bar, one, other in zip(self._bars[-len(first) :], first, second, strict=True):
            if one != other:
                when = _when(self._history.close_ms(bar))
                found = f"at {when} it wants {one.ratio:f}, and {how} {other.ratio:f}: {other.reason or one.reason}"
                return Check(name=name, verdict="FAILED", found=found)
        return Check(name=name, verdict="ok", found=f"the same {how}")


def _lookback(history: History) -> Lookback:
    return Lookback(history, SYMBOL, {spot_market(ASSET, SYMBOL): history.spot})


def _when(at_ms: int) -> str:
    return str(np.datetime64(min(at_ms, 2**52), "ms"))[:16]


def _refused(what: str) -> Callable[..., NoReturn]:
    def refuse(*_args: object, **_named: object) -> NoReturn:
        raise PermissionError(f"a stage asked for {what}: all it may know is the picture it is shown")

    return refuse


@contextmanager
def _shut_in() -> Iterator[None]:
    """Take clock, dice, files and network away."""
    away: tuple[tuple[object, str, str], ...] = (
        (time, "time", "the time"),
        (time, "time_ns", "the time"),
        (time, "monotonic", "the time"),
        (random, "random", "dice"),
        (random, "uniform", "dice"),
        (random, "gauss", "dice"),
        (random, "randint", "dice"),
        (builtins, "open", "a file"),
        (io, "open", "a file"),
        (socket, "socket", "the network"),
    )
    kept = [(owner, name, getattr(owner, name)) for owner, name, _ in away]
    try:
        for owner, name, what in away:
            setattr(owner, name, _refused(what))
        yield
    finally:
        for owner, name, own in kept:
            setattr(owner, name, own)
