"""A journal saved into one file, and the way back."""

from pathlib import Path

from bot import wiring
from bot.adapters import journal_copy, journal_restore
from bot.adapters.journal_copy import Kept
from bot.settings import Settings


def backup(url: str, file: Path) -> Kept:
    """Save a journal, of which a running bot goes on writing.

    Raises:
        JournalUnavailableError: there is none, or it cannot be read, or the file cannot be written.
    """
    return journal_copy.backup(url, file)


def restore(settings: Settings, file: Path) -> Kept:
    """Fill the journal of the settings, which is empty, from a backup.

    Raises:
        JournalTakenError: a bot writes it.
        JournalUnavailableError: it is not empty, or the file is no backup that fits.
    """
    return journal_restore.restore(file, wiring.journal_url(settings), settings.mode)
