"""What a person may ask and say from afar: how it stands, why, pause, resume. Nothing that opens or enlarges a risk.

A pause is a freeze of every hedge that no other word is about, so that it takes no other person's word away. A resume ends
such freezes only, and only where that is all that a word of resuming would end: the word that ends a freeze also releases a
halt of the guard and a hedge that was left, so that it is not said while there is one. It goes by the picture of the last
decision, and is stamped with that picture's time: what the guard finds later, it does not release.
"""

from collections.abc import Callable, Iterator
from functools import partial

from bot import wiring
from bot.adapters.channels.telegram_commands import Asked, Order
from bot.adapters.journal_controls import Words
from bot.adapters.journal_guard import in_force
from bot.core.memory import State
from bot.core.snapshot import Control
from bot.looks import last_views
from bot.questions_guard import speak
from bot.settings import Settings
from bot.shell.replay import JournaledDecision
from bot.shell.view import HedgeView

UNSAID = "paused by Telegram"
PREFIX = "telegram:"


def orders_of(settings: Settings, health: Callable[[], str]) -> dict[str, Order]:
    """List what can be asked and said; ``health`` tells how the running process does."""

    def answer_health(_asked: Asked) -> str:
        return health()

    def answer_status(_asked: Asked) -> str:
        return _told(settings, _status)

    def answer_explain(_asked: Asked) -> str:
        return _told(settings, _explained)

    def answer_pause(asked: Asked) -> str:
        return "\n".join(pause(settings, asked))

    def answer_resume(asked: Asked) -> str:
        return "\n".join(resume(settings, asked))

    return {
        "status": Order(about="every hedge as it was last seen", answer=answer_status),
        "explain": Order(about="why each hedge got its last answer", answer=answer_explain),
        "health": Order(about="whether the loops look, and what became of alerts", answer=answer_health),
        "pause": Order(about="freeze every hedge; what stands behind it is the reason", answer=answer_pause),
        "resume": Order(about="end freezes that were said here, and nothing else", answer=answer_resume),
    }


# --- how it stands --------------------------------------------------------------------------------------------


def _told(settings: Settings, words: Callable[[HedgeView], str]) -> str:
    with wiring.reader_of(wiring.journal_url(settings), settings.mode) as reader:
        lines = [words(view) for name in settings.accounts for view in last_views(reader, name)]
    return "\n".join(lines) or "Nothing was decided yet."


def _status(view: HedgeView) -> str:
    def share(ratio: object) -> str:
        return "unknown" if ratio is None else f"{ratio:.2%}"

    rung = "unknown" if view.rung is None else view.rung.name.lower()
    return (
        f"{view.account}/{view.hedge}: {share(view.ratio_achieved)} hedged of {share(view.ratio_target)}, held"
        f" {view.held:f} {view.symbol}, {view.state or 'state unknown'}, rung {rung}, {view.answer}"
        f" (decision {view.decision})"
    )


def _explained(view: HedgeView) -> str:
    return "\n".join((f"{view.account}/{view.hedge}: {view.answer}. {view.why}", *view.causes))


# --- pause ----------------------------------------------------------------------------------------------------


def pause(settings: Settings, asked: Asked) -> Iterator[str]:
    """Freeze every hedge that no word is about, and tell of each what was done.

    Raises:
        JournalUnavailableError: there is no journal, or it cannot be written.
    """
    for account in settings.accounts:
        for hedge in wiring.hedges_of(settings, account):
            said = speak(
                settings,
                (account,),
                "freeze",
                hedge,
                asked.words or UNSAID,
                who=asked.who,
                provided=partial(_unspoken, hedge),
            )
            what = (
                "frozen; the hedge stays, and orders are taken back within a poll"
                if said
                else "left as it is"
            )
            yield f"{account}/{hedge}: {what}"
        yield from _in_force(settings, account)


def _unspoken(hedge: str, words: Words) -> bool:
    """Whether no word is in force about a hedge or all of its account."""
    return all(one.hedge not in {None, hedge} for one in in_force(words))


def _in_force(settings: Settings, account: str) -> Iterator[str]:
    """Tell which words of others are in force."""
    with wiring.reader_of(wiring.journal_url(settings), settings.mode) as reader:
        words = in_force(reader.controls(account))
    for one in words:
        if not one.who.startswith(PREFIX):
            where = account if one.hedge is None else f"{account}/{one.hedge}"
            yield f"{where}: {one.kind} by {one.who}: {one.why}"


# --- resume ---------------------------------------------------------------------------------------------------


def resume(settings: Settings, asked: Asked) -> Iterator[str]:
    """End the freezes that were said here, where nothing else would be released by it, and tell what still holds.

    Raises:
        JournalUnavailableError: there is no journal, or it cannot be written.
    """
    for account in settings.accounts:
        with wiring.reader_of(wiring.journal_url(settings), settings.mode) as reader:
            last, words = reader.last_decision(account), in_force(reader.controls(account))
        ours = [one for one in words if _ours(one)]
        if not ours:
            yield f"{account}: no freeze that was said here is in force."
        for one in ours:
            yield f"{account}/{one.hedge}: {_ended(settings, account, one, last, asked)}"
        yield from _holding(account, last)


def _ours(control: Control) -> bool:
    return control.kind == "freeze" and control.hedge is not None and control.who.startswith(PREFIX)


def _ended(
    settings: Settings, account: str, freeze: Control, last: JournaledDecision | None, asked: Asked
) -> str:
    """End one freeze if nothing else hangs on it; returns what was done, in words."""
    hedge = str(freeze.hedge)
    if last is None or last.decision.watch is None or freeze not in last.snapshot.controls:
        return "stays frozen: the bot has not taken a whole look since. Say it again after its next look."
    why = _kept(last, hedge)
    if why:
        return f"stays frozen, as resuming it would release this, too: {why}"
    said = speak(
        settings,
        (account,),
        "resume",
        hedge,
        asked.words or "resumed by Telegram",
        who=asked.who,
        at_ms=last.at_ms,
        provided=lambda words: freeze in in_force(words),
    )
    return (
        "no longer frozen; it follows within a poll"
        if said
        else "another word was said meanwhile; look again"
    )


def _kept(last: JournaledDecision, hedge: str) -> str:
    """Say what else a word of resuming would release: a halt of the guard, a hedge that was left; empty if nothing."""
    memory, watch = last.decision.memory, last.decision.watch
    latched = any(latch.hedge == hedge for latch in memory.guard.latches)
    exit_ = memory.of(hedge).exit
    left = exit_ is not None and bool(exit_.left)
    if not latched and not left:
        return ""
    causes = () if watch is None else watch.causes
    texts = [one.text for one in causes if one.hedge == hedge and one.kind in {"margin", "shifted", "exit"}]
    return " ".join(texts) or "a halt, or a hedge that was left. Look with `hedgerow guard`."


def _holding(account: str, last: JournaledDecision | None) -> Iterator[str]:
    """Tell what holds hedges back but freezes that were said here, as the last decision had it."""
    watch = None if last is None else last.decision.watch
    if watch is None:
        return
    for cause in watch.causes:
        if cause.state is not State.NORMAL and not cause.who.startswith(PREFIX):
            yield f"{account}: still holds: {cause.text}"
