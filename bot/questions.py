"""What the verbs ask of a journal: the last word, why, again, rolls, orders, incidents; and the one thing they tell it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal

from bot import wiring
from bot.adapters.clock import SystemClock
from bot.adapters.journal_intents import JournaledIntent
from bot.adapters.journal_reader import JournaledIncident, JournalReader
from bot.adapters.log import make_log
from bot.core.decide import Decision
from bot.core.desk import RollView
from bot.core.reports import OrderReport
from bot.core.snapshot import Snapshot
from bot.core.values import ZERO, Ratio, record
from bot.looks import last_views
from bot.settings import Settings, SettingsFaultsError, rules_from_json
from bot.shell.ports import Log, SettingsError
from bot.shell.reconcile import settle_by_hand
from bot.shell.replay import Disagreement, redecide
from bot.shell.view import HedgeView, began, views
from bot.wiring_leading import Leadership


@record
class ReplayResult:
    """What asking a journal again came to."""

    journal: str
    """Its path, or its address without the password."""
    decisions: int
    agreed: int
    disagreements: tuple[Disagreement, ...]


DISAGREEMENTS_SHOWN = 20


def replay(url: str, progress: Callable[[int], None]) -> ReplayResult:
    """Decide every journaled picture again, under the rules of its time.

    Raises:
        JournalUnavailableError: there is no journal, or it cannot be read.
        SettingsError: it was written under settings that this version does not read.
    """
    asked, agreed = 0, 0
    differing: list[Disagreement] = []
    with wiring.reader_of(url) as reader:
        for account in reader.accounts():
            for difference in _redecided(reader, account):
                asked += 1
                progress(asked)
                if difference is None:
                    agreed += 1
                elif len(differing) < DISAGREEMENTS_SHOWN:
                    differing.append(difference)
    return ReplayResult(
        journal=wiring.journal_name(url), decisions=asked, agreed=agreed, disagreements=tuple(differing)
    )


def _redecided(reader: JournalReader, account: str) -> Iterator[Disagreement | None]:
    """Decide an account's pictures again; settings that this version no longer reads are told as such."""
    try:
        yield from redecide(reader.decisions(account), rules_from_json)
    except SettingsFaultsError as error:
        raise SettingsError(
            f"Decisions of account {account} were made under settings this version does not read: {error}"
        ) from error


@record
class Picture:
    """One decision with what it was made of, and how its hedges look."""

    snapshot: Snapshot
    decision: Decision
    hedges: tuple[HedgeView, ...]
    settings_changed: bool = False


def explained(url: str, settings: Settings | None) -> tuple[Picture, ...]:
    """Give each account's last journaled decision, and whether it was made under other settings than these.

    Raises:
        JournalUnavailableError: there is no journal, or it cannot be read.
    """
    now = None if settings is None else settings.model_dump_json()
    pictures = []
    with wiring.reader_of(url) as reader:
        for account in reader.accounts():
            last = reader.last_decision(account)
            if last is not None:
                pictures.append(
                    Picture(
                        snapshot=last.snapshot,
                        decision=last.decision,
                        hedges=last_views(reader, account),
                        settings_changed=now is not None and now != last.rules_json,
                    )
                )
    return tuple(pictures)


def previewed(settings: Settings) -> tuple[Picture, ...]:
    """Give the first decision that new accounts with these settings would take now. Nothing is written.

    Raises:
        SettingsError: a hedge's contract does not exist.
    """
    return asyncio.run(_preview(settings))


async def _preview(settings: Settings) -> tuple[Picture, ...]:
    pictures = []
    for account in wiring.preview_accounts(settings, SystemClock()):
        await account.loop.start()
        snapshot, decision = await account.loop.preview()
        since = {why.hedge: began(snapshot, why) for why in decision.explanations}
        pictures.append(
            Picture(snapshot=snapshot, decision=decision, hedges=views(snapshot, decision, since, {}))
        )
    return tuple(pictures)


# --- rolls, orders, incidents -------------------------------------------------------------------------------


@record
class RollRow:
    """Where one dated hedge stands, and what its rolls have cost."""

    account: str
    hedge: str
    at_ms: int
    ratio_achieved: Ratio | None
    roll: RollView
    clips: int
    """Orders of near legs that filled so far."""
    cost: Decimal
    """Quote currency lost by all roll legs so far against the mids when their clips began, fees aside; negative is a gain."""
    fees: Decimal
    """Paid by all roll legs so far, in settlement currency."""


def rolls(url: str) -> tuple[RollRow, ...]:
    """Show every dated hedge of a journal as it was last seen.

    Raises:
        JournalUnavailableError: there is no journal, or it cannot be read.
    """
    with wiring.reader_of(url) as reader:
        return tuple(
            _roll_row(account, view, view.roll, reader.intents(account))
            for account in reader.accounts()
            for view in last_views(reader, account)
            if view.roll is not None
        )


def _roll_row(account: str, view: HedgeView, roll: RollView, intents: tuple[JournaledIntent, ...]) -> RollRow:
    legs = [one for one in intents if one.hedge == view.hedge and {"near", "far"} & set(one.legs)]
    return RollRow(
        account=account,
        hedge=view.hedge,
        at_ms=view.at_ms,
        ratio_achieved=view.ratio_achieved,
        roll=roll,
        clips=sum(1 for one in legs if "near" in one.legs and one.contracts > ZERO),
        cost=sum((one.shortfall for one in legs), ZERO),
        fees=sum((one.fees for one in legs), ZERO),
    )


def intents(url: str, limit: int) -> dict[str, tuple[JournaledIntent, ...]]:
    """Tell what came of the last intents of every account, oldest first.

    Raises:
        JournalUnavailableError: there is no journal, or it cannot be read.
    """
    with wiring.reader_of(url) as reader:
        return {account: reader.intents(account)[-limit:] for account in reader.accounts()}


def incidents(url: str) -> dict[str, tuple[JournaledIncident, ...]]:
    """List what happened to every account that Hedgerow did not do.

    Raises:
        JournalUnavailableError: there is no journal, or it cannot be read.
    """
    with wiring.reader_of(url) as reader:
        return {account: reader.incidents(account) for account in reader.accounts()}


def settle(settings: Settings, account: str, client_order_id: str) -> OrderReport:
    """End an order whose fate is open: a person has looked at the venue and says that it is gone.

    What this machine spooled is written first; whoever led on another and did not say that it was done is waited for.

    Raises:
        JournalUnavailableError: another process writes the journal, or it cannot be written.
        HedgerowError: no order of that name has an open fate.
    """
    log = make_log(settings.log.level, settings.log.format, settings.mode)
    return asyncio.run(_settle(settings, account, client_order_id, log))


async def _settle(settings: Settings, account: str, client_order_id: str, log: Log) -> OrderReport:
    clock = SystemClock()
    with closing(Leadership(settings, log, (account,))) as lead, lead.journal(account) as journal:
        await lead.alone(clock, lambda: False)
        return settle_by_hand(journal, client_order_id, "gone", clock)
