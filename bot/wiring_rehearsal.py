"""The front door of rehearsals: today's accounts, from a journal or as new ones would be, led through a shock.

Nothing is written and no lock is taken: a journal is only read, and a new account keeps its own in memory.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from bot import wiring
from bot.adapters.clock import SimClock, SystemClock
from bot.adapters.journal_reader import JournalReader
from bot.backtest.rehearsal import Rehearsal, Unrehearsed, rehearse
from bot.backtest.rehearsal_world import MINUTE_MS, Shock
from bot.core.instruments import family_of
from bot.core.rules import Rules
from bot.core.snapshot import Snapshot
from bot.core.values import ZERO, record
from bot.settings import Settings, SettingsFaultsError, rules_from_json
from bot.shell.ports import SettingsError
from bot.shell.replay import JournaledDecision
from bot.wiring import PaperAccount

ENTRY_MINUTES_MAX = 240
"""How long a new account may take for its first entry."""


@record
class Rehearsed:
    """What a rehearsal of some accounts came to."""

    mode: str
    source: str
    """Where the pictures come from, in words."""
    accounts: tuple[Rehearsal | Unrehearsed, ...]


def from_journal(url: str, settings: Settings | None, account: str | None, shock: Shock) -> Rehearsed:
    """Rehearse accounts as a journal last saw them whole, under the settings given, or under those of its last decision.

    ``account`` None is every account, of the settings or else of the journal.

    Raises:
        JournalUnavailableError: there is no journal, or it cannot be read.
        SettingsError: there is no such account.
    """
    with wiring.reader_of(url) as reader:
        known = reader.accounts() if settings is None else tuple(settings.accounts)
        found = tuple(_journaled(reader, settings, name, shock) for name in _meant(known, account))
        return Rehearsed(
            mode=reader.mode(), source=f"the last picture in {wiring.journal_name(url)}", accounts=found
        )


def as_new(settings: Settings, account: str | None, shock: Shock) -> Rehearsed:
    """Rehearse accounts as new ones would be after their first entry on the model market.

    Raises:
        SettingsError: there is no such account, or a hedge's contract does not exist.
    """
    names = _meant(tuple(settings.accounts), account)
    clock = SimClock(SystemClock().now_ms())
    opened = [one for one in wiring.preview_accounts(settings, clock) if one.name in names]
    found = asyncio.run(_entered(opened, clock, shock))
    source = "new accounts after their first entry on the model market; there is no journal yet"
    return Rehearsed(mode=settings.mode, source=source, accounts=found)


def _meant(known: tuple[str, ...], account: str | None) -> tuple[str, ...]:
    if account is None:
        return known
    if account not in known:
        raise SettingsError(
            f"There is no account {account!r}: choose with --account from {', '.join(known) or 'none'}."
        )
    return (account,)


# --- from a journal -------------------------------------------------------------------------------------------


def _journaled(
    reader: JournalReader, settings: Settings | None, account: str, shock: Shock
) -> Rehearsal | Unrehearsed:
    last = _last_whole(reader, account)
    if last is None:
        return Unrehearsed(account=account, why="the journal has no decision on a whole picture of it yet.")
    rules = _rules_of(last) if settings is None else settings.rules(account)
    unknown = _unknown(last.snapshot, rules)
    if unknown:
        return Unrehearsed(account=account, why=unknown)
    today = replace(last.snapshot, memory=last.decision.memory)
    return asyncio.run(rehearse(today, rules, shock))


def _rules_of(last: JournaledDecision) -> Rules:
    """Give the rules that a decision was made by.

    Raises:
        SettingsError: this Hedgerow cannot read them any more.
    """
    try:
        return rules_from_json(last.rules_json, last.account)
    except SettingsFaultsError as error:
        raise SettingsError(
            f"The settings that account {last.account} was run with last are no longer valid; name others with --config."
            f" {error}"
        ) from error


def _last_whole(reader: JournalReader, account: str) -> JournaledDecision | None:
    """Find the last decision that was not blind."""
    last = reader.last_decision(account)
    if last is None or not last.snapshot.missing:
        return last
    whole = None
    for one in reader.decisions(account):
        whole = whole if one.snapshot.missing else one
    return whole


def _unknown(today: Snapshot, rules: Rules) -> str:
    """Say what the settings hedge and a picture does not show, as a sentence, or nothing."""
    families = {family_of(contract.symbol) for contract in today.contracts}
    assets = {holding.asset for holding in today.holdings}
    for hedge in rules.hedges:
        lacking = [hedge.symbol] if hedge.symbol not in families else []
        lacking += [asset for asset in hedge.assets if asset not in assets]
        if lacking:
            return (
                f"its last picture knows no {lacking[0]}, which hedge {hedge.name} of the settings is about: let `hedgerow run`"
                " decide once with these settings."
            )
    return ""


# --- as new ---------------------------------------------------------------------------------------------------


async def _entered(
    accounts: Iterable[PaperAccount], clock: SimClock, shock: Shock
) -> tuple[Rehearsal | Unrehearsed, ...]:
    return tuple([await rehearse(await _entry(one, clock), one.rules, shock) for one in accounts])


async def _entry(account: PaperAccount, clock: SimClock) -> Snapshot:
    """Let a new account trade, minute by minute, until its hedges stand, and picture it then."""
    await account.loop.start()
    for _ in range(ENTRY_MINUTES_MAX):
        step = await account.loop.step()
        held = any(one.contracts != ZERO for one in step.snapshot.positions)
        if held and all(one.answer == "hold" for one in step.decision.explanations):
            break
        clock.turn_to(clock.now_ms() + MINUTE_MS)
    snapshot, _ = await account.loop.preview()
    return snapshot
