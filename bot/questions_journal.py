"""What a person asks of a journal months later: why was each hedge there, at what price, for how long, what came of it."""

from datetime import UTC, datetime

from bot import wiring
from bot.adapters.journal_episodes import Episode
from bot.adapters.journal_reader import JournalReader
from bot.core.desk import Explanation
from bot.core.exits import ExitRules
from bot.core.instruments import family_of
from bot.core.rules import HedgeRules
from bot.core.values import Ratio, record
from bot.settings import SettingsFaultsError, rules_from_json
from bot.shell.replay import JournaledDecision


@record
class HedgeNote:
    """One hedge from flat to flat, with the words of its time."""

    account: str
    hedge: str
    episode: Episode
    ratio: Ratio | None
    """Wanted when it was opened."""
    rationale: str
    """Why, in the policy's words of that time."""
    signals: tuple[tuple[str, str], ...]
    intended: str
    """How long it was meant to last, and when it was to be left, in words."""
    ended: str
    """Why it was closed, in words; empty while it is open."""


def notes(url: str, hedge: str | None) -> tuple[HedgeNote, ...]:
    """Tell every hedge of a journal, or those of one name, oldest first.

    Raises:
        JournalUnavailableError: there is no journal, or it cannot be read.
    """
    with wiring.reader_of(url) as reader:
        told = [
            _note(reader, account, one) for account in reader.accounts() for one in reader.episodes(account)
        ]
    return tuple(note for note in told if hedge in {None, note.hedge})


def _note(reader: JournalReader, account: str, episode: Episode) -> HedgeNote:
    first, last = (reader.decision_of(account, order) for order in (episode.first_order, episode.last_order))
    why = _explanation(first, episode.family)
    rules = _hedge_rules(first, account, episode.family)
    target = None if why is None else why.target
    name = why.hedge if why is not None else rules.name if rules is not None else episode.family
    return HedgeNote(
        account=account,
        hedge=name,
        episode=episode,
        ratio=None if target is None else target.ratio,
        rationale="it was there before" if target is None else target.reason,
        signals=() if target is None else tuple((name, f"{value:f}") for name, value in target.signals),
        intended=_intended(None if rules is None else rules.exit),
        ended="" if episode.closed_ms is None else _ended(last, episode),
    )


def _explanation(decision: JournaledDecision | None, family: str) -> Explanation | None:
    found = () if decision is None else decision.decision.explanations
    return next((one for one in found if family_of(one.symbol) == family), None)


def _hedge_rules(decision: JournaledDecision | None, account: str, family: str) -> HedgeRules | None:
    """Read the rules of that time; None if they are no longer valid."""
    if decision is None:
        return None
    try:
        rules = rules_from_json(decision.rules_json, account)
    except SettingsFaultsError:
        return None
    return next((one for one in rules.hedges if one.symbol == family), None)


def _ended(last: JournaledDecision | None, episode: Episode) -> str:
    """Say why the last contract went."""
    why = _explanation(last, episode.family)
    if why is None:
        return "it was settled, or moved by another hand"
    return why.why if why.target is None or why.target.ratio else why.target.reason


def _intended(rules: ExitRules | None) -> str:
    """Say how long a hedge was meant to last, and when it was to be left."""
    if rules is None:
        return "not known"
    words = []
    if rules.intended_days is not None:
        words.append(f"{rules.intended_days:f} d")
    if rules.until_ms is not None:
        words.append(f"until {datetime.fromtimestamp(rules.until_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC")
    if rules.price_above is not None:
        words.append(f"until the index is {rules.price_above:f} or above for {rules.price_hours:f} h")
    if rules.policy_zero_days is not None:
        words.append(f"until the policy wants none for {rules.policy_zero_days:f} d")
    return ", ".join(words) or "no end was set"
