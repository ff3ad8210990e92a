"""Hedges as their journal last saw them: what a running account and a question show."""

from bot.adapters.journal_reader import JournalReader, open_reader
from bot.core.rules import Rules
from bot.shell.loop import Loop
from bot.shell.view import HedgeView, views
from bot.shell.window import Allowance


def last_views(reader: JournalReader, account: str) -> tuple[HedgeView, ...]:
    """Show an account's hedges as its journal last saw them."""
    last = reader.last_decision(account)
    if last is None:
        return ()
    told = reader.fills(account), reader.payments(account)
    return views(last.snapshot, last.decision, reader.began(account), *told)


class OpenAccount:
    """One account that is open: its loop, and what it shows."""

    def __init__(
        self,
        *,
        name: str,
        rules: Rules,
        loop: Loop,
        url: str,
        mode: str,
        allowance: Allowance | None = None,
    ) -> None:
        """``allowance`` is what the venue lets us ask, if it counts."""
        self.name = name
        self.allowance = allowance
        self.rules = rules
        self.loop = loop
        self._url = url
        self._mode = mode

    def look(self) -> tuple[HedgeView, ...]:
        """Show the hedges as they were last decided on.

        Raises:
            JournalUnavailableError: the journal cannot be read.
        """
        with open_reader(self._url, mode=self._mode) as reader:
            return last_views(reader, self.name)
