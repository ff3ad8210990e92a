"""The journal's tables, their column types, and the way to the newest schema.

Types are portable: Decimals and JSON are TEXT, times are BIGINT milliseconds since 1970 UTC. A column that holds a
field of a record carries the field's name, so that a record becomes a row and a row a record without a list of names.
Append-only tables have an ``id`` that keeps the order in which things were heard.

A change here is a new file in ``migrations/versions`` and a new word in ``REVISIONS``; a test compares the three.
"""

from collections.abc import Callable
from dataclasses import fields
from decimal import Decimal
from enum import StrEnum
from inspect import signature
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    exists,
    select,
)

from bot.core.memory import State
from bot.core.orders import OrderState, TimeInForce
from bot.core.values import Side

T = TypeVar("T")

REVISIONS = ("0001", "0002", "0003", "0004", "0005")
"""Schemas this Hedgerow can open, oldest first. Kept as a list so that opening a journal need not load Alembic."""
HEAD = REVISIONS[-1]
MIGRATIONS = Path(__file__).parent / "migrations"


class ExactDecimal(TypeDecorator[Decimal]):
    """A Decimal as the text ``str`` gives: digits, sign of zero and exponent survive, sums in SQL do not exist."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - same everywhere
        """Write the digits."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002 - same everywhere
        """Read the digits."""
        return None if value is None else Decimal(value)


class Word(TypeDecorator[StrEnum]):
    """A word of an enum, as text; reading an unknown word raises ValueError."""

    impl = Text
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - same everywhere
        """Write the word."""
        return None if value is None else value.value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:  # noqa: ARG002 - same everywhere
        """Find the word."""
        return None if value is None else self.words(value)


def _number() -> Column[int]:
    """Make a growing key; SQLite counts up only what it calls INTEGER."""
    return Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s",
        "ix": "ix_%(table_name)s",
    }
)

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

rules = Table(
    "rules",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("json", Text, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("account", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("rules_digest", Text, ForeignKey("rules.digest"), nullable=False),
    Column("snapshot", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Index(None, "account", "at_ms"),
)

orders = Table(
    "orders",
    metadata,
    Column("client_order_id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("decision_number", BigInteger),  # no decision of ours led to an adopted order
    Column("hedge", Text, nullable=False),
    Column("leg", Text),
    Column("intent", BigInteger),
    Column("arrival_mid", ExactDecimal),
    Column("symbol", Text, nullable=False),
    Column("side", Word(Side), nullable=False),
    Column("contracts", ExactDecimal, nullable=False),
    Column("limit_price", ExactDecimal),
    Column("time_in_force", Word(TimeInForce), nullable=False),
    Column("reduce_only", Boolean, nullable=False),
    Column("state", Word(OrderState), nullable=False),
    Column("filled", ExactDecimal, nullable=False),
    Column("sent_at_ms", BigInteger),
    Column("since_ms", BigInteger, nullable=False),
    Column("updated_at_ms", BigInteger, nullable=False),
    ForeignKeyConstraint(["account", "decision_number"], ["decisions.account", "decisions.number"]),
    Index(None, "account", "state"),
    Index("ix_orders_sent", "account", "sent_at_ms"),
)

order_events = Table(
    "order_events",
    metadata,
    _number(),
    Column("client_order_id", Text, ForeignKey("orders.client_order_id"), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("state", Word(OrderState), nullable=False),
    Column("filled", ExactDecimal, nullable=False),
    Column("reason", Text, nullable=False),
    Index(None, "client_order_id"),
)

fills = Table(
    "fills",
    metadata,
    _number(),
    Column("account", Text, nullable=False),
    Column("fill_id", Text, nullable=False),
    Column("client_order_id", Text, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("side", Word(Side), nullable=False),
    Column("contracts", ExactDecimal, nullable=False),
    Column("price", ExactDecimal, nullable=False),
    Column("fee", ExactDecimal, nullable=False),
    Column("realised_pnl", ExactDecimal),
    Column("maker", Boolean, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    UniqueConstraint("account", "symbol", "fill_id"),  # venues count trades anew for every symbol
    Index(None, "account", "client_order_id"),
)

payments = Table(
    "payments",
    metadata,
    _number(),
    Column("account", Text, nullable=False),
    Column("payment_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("symbol", Text),
    Column("asset", Text, nullable=False),
    Column("amount", ExactDecimal, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    UniqueConstraint("account", "kind", "payment_id"),  # and payments anew for every kind
)

cursors = Table(
    "cursors",
    metadata,
    Column("account", Text, primary_key=True),
    Column("cursor", BigInteger, nullable=False),
)

beginnings = Table(
    "beginnings",
    metadata,
    Column("account", Text, primary_key=True),
    Column("hedge", Text, primary_key=True),
    Column("symbol", Text, nullable=False),
    Column("decision_number", BigInteger, nullable=False),
    ForeignKeyConstraint(["account", "decision_number"], ["decisions.account", "decisions.number"]),
)
"""The first decision of every hedge that had the whole picture: what its profit is reckoned from."""

incidents = Table(
    "incidents",
    metadata,
    _number(),
    Column("account", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("rebased", ExactDecimal, nullable=False),
    Column("entry_price", ExactDecimal),
    Column("at_ms", BigInteger, nullable=False),
    Column("answered_by", BigInteger),
    UniqueConstraint("account", "kind", "key"),
)
"""``answered_by`` is the number of the first decision on a whole picture after it."""

terms = Table(
    "terms",
    metadata,
    _number(),
    Column("account", Text, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("json", Text, nullable=False),
    Index(None, "account", "symbol"),
)
"""Contracts as they were accepted; the last of a symbol is in force."""

writers = Table(
    "writers",
    metadata,
    Column("account", Text, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("process", Text, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
)
"""Who may write: every opening counts the epoch up, and whoever holds an older one has been passed."""

transfers = Table(
    "transfers",
    metadata,
    Column("transfer_id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("decision_number", BigInteger, nullable=False),
    Column("asset", Text, nullable=False),
    Column("amount", ExactDecimal, nullable=False),
    Column("needed", ExactDecimal, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("updated_at_ms", BigInteger, nullable=False),
    ForeignKeyConstraint(["account", "decision_number"], ["decisions.account", "decisions.number"]),
    Index(None, "account"),
)
"""Top-ups of margin from the spot wallet; ``since_ms`` is when each came into its state."""

controls = Table(
    "controls",
    metadata,
    _number(),
    Column("account", Text, nullable=False),
    Column("hedge", Text),  # none is the whole account
    Column("kind", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index(None, "account"),
)
"""Persons' words: freeze, unwind, resume. Append-only, and the one table that others than the account's writer append to."""

guard_events = Table(
    "guard_events",
    metadata,
    _number(),
    Column("account", Text, nullable=False),
    Column("decision_number", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("hedge", Text),  # none is the whole account
    Column("kind", Text, nullable=False),
    Column("state", Word(State), nullable=False),
    Column("who", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("began", Boolean, nullable=False),
    ForeignKeyConstraint(["account", "decision_number"], ["decisions.account", "decisions.number"]),
    Index(None, "account", "key"),
)
"""Causes of the guard as they began and ended."""


marks = Table(
    "marks",
    metadata,
    _number(),
    Column("account", Text, nullable=False),
    Column("hedge", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("spot", ExactDecimal, nullable=False),
    Column("futures", ExactDecimal, nullable=False),
    Column("funding", ExactDecimal, nullable=False),
    Column("fees", ExactDecimal, nullable=False),
    Column("value", ExactDecimal, nullable=False),
    Column("value_unhedged", ExactDecimal, nullable=False),
    Index(None, "account", "at_ms"),
)
"""What hedges were worth, every few minutes: the history of profit."""


def values_of(record: Any) -> dict[str, Any]:  # noqa: ANN401 - any record
    """Spread a record over the columns that bear its fields' names; records inside it are not opened."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


def record_of(kind: Callable[..., T], row: Row[Any]) -> T:
    """Make a record of a row that has, among others, the columns that bear its fields' names."""
    columns = row._asdict()
    return kind(**{name: columns[name] for name in signature(kind).parameters})


def has(connection: Connection, table: Table, **key: str) -> bool:
    """Whether a table has a row. One writer an account and one transaction make it safe to insert upon a no."""
    condition = [table.c[name] == value for name, value in key.items()]
    return bool(connection.execute(select(exists().where(*condition))).scalar())


def upgrade(connection: Connection, schema: str = HEAD) -> None:
    """Bring the database to a schema inside the caller's transaction, from whatever it is, an empty one included."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, schema)
