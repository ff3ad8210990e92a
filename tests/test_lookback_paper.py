"""Policies that look back, where no venue is: offline paper and the demo have a past, and the reasons show its figures."""

import asyncio
import re
from pathlib import Path

from bot.adapters.clock import SimClock
from bot.adapters.log import SilentLog
from bot.adapters.model_market import CYCLE_MS
from bot.sessions import Frame, demo
from bot.settings import Settings, load
from bot.shell.step import Step
from bot.wiring import journal_url, offline, paper_accounts, reader_of, url_of
from tests.test_cli import CONFIG, Shell

FROM_MS = 4107 * CYCLE_MS + 1_800_000
LOOKING = """[{ stage = "fixed_ratio", ratio = 1 }, { stage = "volatility" }, { stage = "funding" }, { stage = "momentum" }]"""
MEASURED = (
    re.compile(r"volatility \d+\.\d% a year"),
    re.compile(r"funding: (paid|received) \d+\.\d% a year over 21 settlements"),
    re.compile(r"momentum: trend [+-]\d+\.\d\d, strength index \d+"),
)


def looking(text: str) -> str:
    """Let settings look back."""
    return text.replace('[{ stage = "fixed_ratio", ratio = 1 }]', LOOKING)


def settings(folder: Path) -> Settings:
    path = folder / "hedgerow.toml"
    path.write_text(looking(CONFIG) + f'\n[journal]\npath = "{folder}/{{mode}}.sqlite"\n')
    return offline(load([path], environ={}, dotenv=None).settings)


def steps(chosen: Settings, clock: SimClock, count: int) -> list[Step]:
    """Open the account on the model market, let it decide some times, an hour apart, and close it."""

    async def run() -> list[Step]:
        with paper_accounts(chosen, clock, SilentLog()) as (account,):
            await account.loop.start()
            found = []
            for _ in range(count):
                found.append(await account.loop.step())
                clock.turn_to(clock.now_ms() + 3_600_000)
            return found

    return asyncio.run(run())


def reason(step: Step) -> str:
    (explanation,) = step.decision.explanations
    assert explanation.target is not None
    return explanation.target.reason


def test_offline_paper_measures_the_past_before_it_began(tmp_path: Path) -> None:
    chosen = settings(tmp_path)

    (first,) = steps(chosen, SimClock(FROM_MS), 1)

    for measured in MEASURED:
        assert measured.search(reason(first)), reason(first)
    assert "missing" not in reason(first)
    target = first.decision.explanations[0].target
    assert target is not None
    assert {name for name, _ in target.signals} == {
        "volatility",
        "funding_cost_year",
        "trend",
        "strength_index",
    }


def test_a_session_that_was_killed_finds_the_same_past(tmp_path: Path) -> None:
    chosen, other = settings(tmp_path), tmp_path / "other"
    other.mkdir()
    whole = steps(settings(other), SimClock(FROM_MS), 3)
    clock = SimClock(FROM_MS)

    parts = [*steps(chosen, clock, 1), *steps(chosen, clock, 2)]

    assert [one.snapshot.bars for one in parts] == [one.snapshot.bars for one in whole]
    assert [one.snapshot.settled for one in parts] == [one.snapshot.settled for one in whole]
    assert [reason(one) for one in parts] == [reason(one) for one in whole]


def test_what_was_looked_back_on_is_in_the_journal_to_the_last_digit(tmp_path: Path) -> None:
    chosen = settings(tmp_path)

    (step,) = steps(chosen, SimClock(FROM_MS), 1)

    with reader_of(journal_url(chosen), chosen.mode) as reader:
        kept = reader.last_decision("main")
    assert kept is not None
    assert kept.snapshot.bars == step.snapshot.bars
    assert kept.snapshot.settled == step.snapshot.settled


def test_explain_shows_measured_figures_without_a_journal_and_a_network(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    (tmp_path / "hedgerow.toml").write_text(looking(CONFIG))

    done = shell.run("explain")

    told = " ".join(done.stdout.split())
    for measured in MEASURED:
        assert measured.search(told), told
    assert "missing" not in told


async def test_the_demo_measures_the_past_of_its_test_exchanges(tmp_path: Path) -> None:
    path = tmp_path / "looking.toml"
    text = (Path(__file__).parent.parent / "bot" / "demo.toml").read_text("utf-8")
    path.write_text(text.replace('[{ stage = "fixed_ratio", ratio = "1" }]', LOOKING))
    chosen = load([path], environ={}, dotenv=None).settings

    await demo(chosen, tmp_path / "demo.sqlite", hours=2, frame_minutes=60, show=_nobody)

    with reader_of(url_of(tmp_path / "demo.sqlite"), "demo") as reader:
        for account in chosen.accounts:
            kept = reader.last_decision(account)
            assert kept is not None
            for explanation in kept.decision.explanations:
                assert explanation.target is not None
                for measured in MEASURED:
                    assert measured.search(explanation.target.reason), explanation.target.reason


async def _nobody(frame: Frame) -> None:
    """Show nothing."""
