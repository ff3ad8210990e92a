"""The front door of leadership: who writes the accounts of these settings, and so trades them, where several may.

The accounts of a process are led together or not at all: their locks are taken in one order, by name, and given back if
one is not to be had. One that stands by makes no request of any venue until it has them all.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bot import wiring
from bot.adapters.journal import open_journal
from bot.adapters.journal_away import Tries, TwoBooks
from bot.adapters.journal_place import Lock
from bot.adapters.journal_spool import Spool
from bot.adapters.journal_spooling import SpoolingJournal
from bot.adapters.journal_url import place_of
from bot.settings import Settings
from bot.shell.ports import Clock, Journal, JournalAwayError, JournalRefusedError, JournalTakenError, Log

NAP_MS = 250
"""Longest sleep without asking whether to stop."""


class Leadership:
    """The right to trade accounts of some settings."""

    def __init__(self, settings: Settings, log: Log, accounts: Collection[str]) -> None:
        """Take the right to trade some accounts.

        Raises:
            JournalTakenError: another process leads one of the accounts.
            JournalUnavailableError: the journal cannot be used.
        """
        self._settings = settings
        self._log = log
        self._url = wiring.journal_url(settings)
        self._place = place_of(self._url)
        self._taken = ExitStack()
        self._locks: dict[str, tuple[Lock, Spool]] = {}
        self._books: list[TwoBooks] = []
        self._tries = Tries()
        if self._place.leased:
            with ExitStack() as undone:
                for account in sorted(accounts):
                    lock = self._place.lock(account, settings.mode)
                    undone.callback(lock.release)
                    spool = Spool(self._spools(), account)
                    undone.callback(spool.close)
                    self._locks[account] = lock, spool
                self._taken = undone.pop_all()

    def _spools(self) -> Path:
        return Path(self._settings.journal.spool.replace("{mode}", self._settings.mode))

    def close(self) -> None:
        """Give everything back; closing what a journal has closed does no harm."""
        self._taken.close()

    @contextmanager
    def journal(self, account: str) -> Iterator[Journal]:
        """Open the journal of an account.

        Raises:
            JournalUnavailableError: it cannot be used.
        """
        if account not in self._locks:
            with wiring.journal_of(self._settings, account) as journal:
                yield journal
            return
        settings, (lock, spool) = self._settings, self._locks[account]
        opened = open_journal(
            self._url, mode=settings.mode, account=account, rules_json=settings.model_dump_json(), lock=lock
        )
        try:
            lease = float(settings.journal.lease_seconds)
            books = TwoBooks(opened, spool, lease_seconds=lease, log=self._log, tries=self._tries)
        except BaseException:
            opened.close()
            raise
        self._books.append(books)
        with SpoolingJournal(books) as spooling:
            yield spooling

    async def alone(self, clock: Clock, until: Callable[[], bool]) -> bool:
        """Wait until whoever led before cannot act any more; False if told to stop meanwhile.

        Raises:
            JournalUnavailableError: the journal was lost meanwhile.
        """
        left = max((books.wait_seconds() for books in self._books), default=0.0)
        if left:
            self._log.warning("waiting for the lease of whoever led before to end", seconds=f"{left:.0f}")
        while any(books.wait_seconds() for books in self._books):
            if until():
                return False
            await clock.sleep_until(clock.now_ms() + NAP_MS)
        return True


async def leadership(
    settings: Settings, clock: Clock, log: Log, until: Callable[[], bool], standing_by: Callable[[], None]
) -> Leadership | None:
    """Take the right to trade; where the settings say so, wait for it. None if told to stop meanwhile.

    ``standing_by`` is called once if there is a wait.

    Raises:
        JournalTakenError: another process leads, and these settings do not wait.
        JournalUnavailableError: the journal cannot be used.
    """
    told: list[str] = []
    while True:
        try:
            return Leadership(settings, log, settings.accounts)
        except JournalRefusedError:
            raise  # it would refuse us for ever, and nobody would stand by
        except (JournalTakenError, JournalAwayError) as error:
            if not settings.journal.standby:
                raise
            if not told:
                standing_by()
            if told != [type(error).__name__]:
                log.warning("standby", why=str(error))
            told = [type(error).__name__]
        wake_ms = clock.now_ms() + int(settings.journal.standby_seconds * 1000)
        while clock.now_ms() < wake_ms and not until():
            await clock.sleep_until(min(wake_ms, clock.now_ms() + NAP_MS))
        if until():
            return None
