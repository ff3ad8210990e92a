"""What the writer of an account has to remember of its journal, in memory: what it goes by while the database is away.

It is a journal of the same tables, so that both answer by the same lines. Of decisions it keeps the last alone; who changed
which order when, and the rules, nobody asks a writer.
"""

from sqlalchemy import Connection, StaticPool, create_engine, delete, func, insert, select

from bot.adapters.journal import SqlJournal
from bot.adapters.journal_writer import Writer
from bot.adapters.tables import decisions, marks, meta, metadata


class _NoLock:
    """Nobody else sees this memory."""

    def check(self) -> None:
        """See nothing."""

    def regain(self) -> bool:
        """Have it."""
        return True

    def release(self) -> None:
        """Let it go."""


def mirror_of(journal: SqlJournal) -> SqlJournal:
    """Remember what an account's writer has to, as the journal has it now.

    Raises:
        JournalUnavailableError: the journal cannot be read.
    """
    account, engine = journal.writer.account, create_engine("sqlite://", poolclass=StaticPool)
    metadata.create_all(engine)
    with journal.writer.looking() as source, engine.begin() as target:
        _remember(source, target, account)
    held = journal.writer
    writer = Writer(engine=engine, place=held.place, account=account, lock=_NoLock(), turn=held.turn)
    return SqlJournal(writer, rules_digest="")


def forget_old(mirror: SqlJournal) -> None:
    """Keep the last decision alone: nobody asks a writer for the others, and a memory must not grow."""
    writer = mirror.writer
    newest = select(func.max(decisions.c.number)).where(decisions.c.account == writer.account)
    with writer.transaction() as connection:
        connection.execute(delete(decisions).where(decisions.c.number < newest.scalar_subquery()))
        connection.execute(delete(marks))


def _remember(source: Connection, target: Connection, account: str) -> None:
    newest = select(func.max(decisions.c.number)).where(decisions.c.account == account).scalar_subquery()
    for table in metadata.sorted_tables:
        if table is meta:
            target.execute(insert(meta), [row._asdict() for row in source.execute(select(meta))])
        if "account" not in table.c:
            continue
        query = select(table).where(table.c.account == account)
        if table is decisions:
            query = query.where(decisions.c.number == newest)
        rows = [row._asdict() for row in source.execute(query)]
        if rows:
            target.execute(insert(table), rows)
