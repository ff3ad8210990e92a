"""A person's word, written into a journal from another process than the one that trades.

It is appended beside the account's writer, who holds the right to everything else and reads persons' words at every look.
"""

from collections.abc import Callable

from sqlalchemy import insert
from sqlalchemy.exc import SQLAlchemyError

from bot.adapters.journal_guard import JournaledControl, WordKind, words
from bot.adapters.journal_url import place_of
from bot.adapters.tables import HEAD, controls
from bot.shell.ports import JournalUnavailableError

Words = tuple[JournaledControl, ...]


def always(_words: Words) -> bool:
    """Let a word be said whatever was said before."""
    return True


def say(
    url: str,
    account: str,
    kind: WordKind,
    hedge: str | None,
    who: str,
    why: str,
    at_ms: int,
    provided: Callable[[Words], bool] = always,
) -> bool:
    """Append a word about an account, or about one of its hedges; it is on the disk when this returns.

    Returns whether it was said: ``provided`` is shown the words so far, and nobody comes in between.

    Whoever writes the account's journal is neither locked out nor asked; if nobody does, the word waits for the next start.

    Args:
        url: address of the journal.
        account: whose.
        kind: ``freeze`` sends nothing new, ``unwind`` closes, ``resume`` ends both, and halts.
        hedge: which of its hedges; None is all of the account.
        who: who says so.
        why: the reason, in their words.
        at_ms: when, in milliseconds since 1970 UTC.
        provided: whether it may be said after all that persons have said about the account, oldest first.

    Raises:
        JournalUnavailableError: there is no journal, it is of another schema, or it cannot be written.
    """
    place = place_of(url)
    found = place.look()
    if found is None:
        raise JournalUnavailableError(
            f"No journal at {place}, so that nothing was said: {place.not_there()}."
        )
    if found.revision != HEAD:
        raise JournalUnavailableError(
            f"The journal at {place} has the older schema {found.revision}, and nothing was said: start `hedgerow run` of"
            f" this version once, which brings it to {HEAD}."
        )
    row = {"account": account, "kind": kind, "hedge": hedge, "who": who, "why": why, "at_ms": at_ms}
    engine = place.engine()
    try:
        with engine.begin() as connection:
            may = provided(words(connection, account))
            if may:
                connection.execute(insert(controls).values(row))
    except (SQLAlchemyError, OSError) as error:
        raise place.not_written(error) from error
    finally:
        engine.dispose()
    return may
