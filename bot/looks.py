"""Hedges as their journal last saw them: what a running account and a question show."""

from collections.abc import Mapping

from bot.adapters.journal_reader import JournalReader, open_reader
from bot.core.rules import Rules
from bot.shell.loop import Loop
from bot.shell.view import HedgeView, Paid, paid_after, views
from bot.shell.window import Allowance


class Ledger:
    """What was ever paid for an account's contracts; what was read once is not read again."""

    def __init__(self, account: str) -> None:
        self.account = account
        self._paid: dict[str, Paid] = {}
        self._fills = self._payments = 0
        """How many of each are in the sums: none is ever taken out of a journal."""

    def read(self, reader: JournalReader) -> Mapping[str, Paid]:
        """Give what was paid so far, by family; raises as the reader does."""
        fills = reader.fills(self.account, skip=self._fills)
        payments = reader.payments(self.account, skip=self._payments)
        self._paid = paid_after(self._paid, fills, payments)
        self._fills += len(fills)
        self._payments += len(payments)
        return self._paid


def last_views(reader: JournalReader, account: str, ledger: Ledger | None = None) -> tuple[HedgeView, ...]:
    """Show an account's hedges as its journal last saw them; who asks again and again keeps a ledger."""
    last = reader.last_decision(account)
    if last is None:
        return ()
    sums = (ledger or Ledger(account)).read(reader)
    return views(last.snapshot, last.decision, reader.began(account), sums)


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
        self._ledger = Ledger(name)
        self._url = url
        self._mode = mode

    def look(self) -> tuple[HedgeView, ...]:
        """Show the hedges as they were last decided on.

        Raises:
            JournalUnavailableError: the journal cannot be read.
        """
        with open_reader(self._url, mode=self._mode) as reader:
            return last_views(reader, self.name, self._ledger)
