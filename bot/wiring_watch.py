"""The front door of the window: metrics, page and history of profit, put around open accounts."""

import asyncio
import importlib.metadata
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path

from bot.adapters import supervisor
from bot.adapters.alerts import Count
from bot.adapters.journal_reader import JournaledIncident, JournalReader
from bot.adapters.last_end import LastEnd
from bot.adapters.metered import metered
from bot.adapters.metrics import Metrics, Sample
from bot.adapters.metrics_gauges import gauges, notices
from bot.core.values import ZERO
from bot.looks import OpenAccount
from bot.settings import Settings
from bot.shell.notices import ended
from bot.shell.ports import Clock, JournalUnavailableError, Log, SettingsError
from bot.shell.step import Step
from bot.shell.view import HedgeView, mark_of
from bot.shell.window import HISTORY_MS, Window
from bot.web.access import Access
from bot.web.answers import JournalLine, OrderLine
from bot.web.server import Site, Sources

Opener = Callable[[], JournalReader]
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
MS = 1000
SIGNS = 3
"""Signs of life in the time in which a supervisor wants one."""


class Watch:
    """What is seen of a process's accounts from outside."""

    def __init__(
        self,
        settings: Settings,
        mode: str,
        clock: Clock,
        reader: Opener,
        log: Log,
        counts: Callable[[], Mapping[str, Count]] = dict,
    ) -> None:
        """``reader`` opens the accounts' journal; ``counts`` tells what became of messages to persons, by channel."""
        self._settings = settings
        self._log = log
        self._reader = reader
        self._clock = clock
        self._version = importlib.metadata.version("hedgerow")
        self._last_end = LastEnd(Path(settings.web.token_path).with_name(f"{mode}.ended"))
        self._ended = self._last_end.read()
        self._counts = counts
        self.window = Window(mode, clock.now_ms, int(settings.web.silent_seconds * MS))
        self.metrics = Metrics(mode, self._version, self._samples)

    def stands_by(self) -> None:
        """Show that another process leads, until accounts join; a supervisor is told that this one is ready to."""
        self.window.waiting = True
        supervisor.tell("READY=1\nSTATUS=standing by: another process leads")

    def opened(self) -> None:
        """Tell a supervisor that every account is open."""
        supervisor.tell("READY=1\nSTATUS=looking after " + ", ".join(self.window.boards))

    def join(self, account: OpenAccount) -> None:
        """Give an account a board with its history, and put meters before its venue and journal."""
        name = account.name
        venue = self._settings.accounts[name].venue
        board = self.window.join(name, venue, account.loop, account.allowance)
        with self._reader() as reader:
            board.remember(reader.marks(name, self.window.now_ms() - HISTORY_MS))
            board.shortfall = _shortfall(reader, name)
            board.incidents = {one.incident.kind: one.at_ms for one in reader.incidents(name)}
        self.metrics.joined(name)
        account.loop.tap(
            partial(metered, told=partial(self.metrics.venue_called, name)),
            partial(metered, told=partial(self.metrics.journal_called, name)),
        )

    def took(self, account: OpenAccount, step: Step) -> tuple[HedgeView, ...]:
        """Show what a step came to, and mark what the hedges are worth if that is due; returns how the hedges look.

        While the journal cannot be read the hedges stay as they were last shown: what they are worth is reckoned from all fills.

        Raises:
            JournalUnavailableError: the journal cannot be read, or a mark not be written.
        """
        self.metrics.stepped(account.name, step)
        board = self.window.boards[account.name]
        board.incidents |= dict.fromkeys((one.kind for one in step.incidents), step.snapshot.at_ms)
        try:
            hedges = account.look()
        except JournalUnavailableError:
            self.window.show(account.name, step, () if board.picture is None else board.picture.hedges)
            raise
        marks = [mark_of(view) for view in hedges if board.due(view)]
        if marks:
            account.loop.mark(marks)
            board.remember(marks)
        if step.fills:
            with self._reader() as reader:
                board.shortfall = _shortfall(reader, account.name)
        self.window.show(account.name, step, hedges)
        return hedges

    @asynccontextmanager
    async def supervised(self) -> AsyncIterator[None]:
        """Tell a supervisor that this process lives as long as its loops turn, and at last that the end has begun.

        A venue that is away is no reason to fall silent: to be ended and started anew brings it no nearer.
        """
        signs = asyncio.create_task(self._signs_of_life())
        try:
            yield
        except Exception as error:
            self._ends(error)
            raise
        finally:
            supervisor.tell("STOPPING=1")
            signs.cancel()

    def _ends(self, error: Exception) -> None:
        """Keep for the next run's metrics why this one ends: nobody scrapes this one any more."""
        if self._settings.web.enabled:
            notice = ended(error, self._clock.now_ms())
            self._last_end.write(notice.kind, notice.at_ms)

    def _samples(self) -> Iterator[Sample]:
        yield from gauges(self.window)
        yield from notices(self._counts())
        if self._ended is not None:
            reason, at_ms = self._ended
            yield "run_end_timestamp_seconds", (reason,), at_ms / MS

    async def _signs_of_life(self) -> None:
        wanted = supervisor.watchdog_seconds()
        while wanted is not None:
            if self.window.turning:
                supervisor.tell("WATCHDOG=1")
            await asyncio.sleep(wanted / SIGNS)

    @asynccontextmanager
    async def serving(self, host: str, port: int) -> AsyncIterator[int]:
        """Serve the page meanwhile; gives the port.

        Raises:
            SettingsError: the port is taken, or the token can neither be read nor made.
        """
        web = self._settings.web
        sources = Sources(
            window=self.window,
            archive=JournalArchive(self._reader, lambda: tuple(self.window.boards)),
            metrics=self.metrics.exposition,
            version=self._version,
        )
        access = Access(token_of(self._settings), LOOPBACK | {web.host, host, *web.hosts})
        site = Site(sources, access, self._log)
        try:
            yield await site.start(host, port)
        finally:
            await site.stop()


def token_of(settings: Settings) -> str:
    """Give the token that opens the page: the one that is set, or the one that was made and kept.

    Raises:
        SettingsError: it can neither be read nor made.
    """
    chosen = settings.web.token.get_secret_value()
    if chosen:
        return chosen
    path = Path(settings.web.token_path)
    try:
        if path.exists():
            kept = path.read_text(encoding="utf-8").strip()
            if kept:
                return kept
        path.parent.mkdir(parents=True, exist_ok=True)
        made = secrets.token_urlsafe(24)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "w", encoding="utf-8") as opened:
            opened.write(made + "\n")
    except OSError as error:
        raise SettingsError(
            f"web.token_path: {path} can neither be read nor written ({error.strerror}): set web.token, or name another file."
        ) from error
    return made


class JournalArchive:
    """Lists out of the journal; every question opens it anew."""

    def __init__(self, reader: Opener, accounts: Callable[[], Sequence[str]]) -> None:
        """``accounts`` names those that are open."""
        self._reader = reader
        self._accounts = accounts

    def orders(self, limit: int) -> Sequence[OrderLine]:
        """List the last orders of all accounts, newest first."""
        with self._reader() as reader:
            found = [
                OrderLine(
                    client_order_id=one.request.client_order_id,
                    hedge=one.hedge,
                    symbol=one.request.symbol,
                    side=one.request.side,
                    contracts=one.request.contracts,
                    filled=one.filled,
                    limit_price=one.request.limit_price,
                    state=one.state,
                    decision=one.decision_number,
                    sent_ms=one.sent_at_ms,
                    updated_ms=one.updated_at_ms,
                )
                for account in self._accounts()
                for one in reader.orders(account, limit)
            ]
        return sorted(found, key=lambda one: one.updated_ms, reverse=True)[:limit]

    def incidents(self, limit: int) -> Sequence[JournaledIncident]:
        """List the last incidents, newest first."""
        with self._reader() as reader:
            found = [one for account in self._accounts() for one in reader.incidents(account)]
        return sorted(found, key=lambda one: one.at_ms, reverse=True)[:limit]

    def journal(self, limit: int) -> Sequence[JournalLine]:
        """List the answers of the last decisions of each account, newest first."""
        with self._reader() as reader:
            found = [
                JournalLine(
                    account=account,
                    decision=one.number,
                    at_ms=one.at_ms,
                    hedge=why.hedge,
                    symbol=why.symbol,
                    answer=why.answer,
                    why=why.why,
                    reason="" if why.target is None else why.target.reason,
                )
                for account in self._accounts()
                for one in reader.last_decisions(account, limit)
                for why in one.decision.explanations
            ]
        return sorted(found, key=lambda one: (one.at_ms, one.decision), reverse=True)[:limit]


def _shortfall(reader: JournalReader, account: str) -> dict[str, Decimal]:
    lost: dict[str, Decimal] = {}
    for one in reader.intents(account):
        lost[one.hedge] = lost.get(one.hedge, ZERO) + one.shortfall
    return lost
