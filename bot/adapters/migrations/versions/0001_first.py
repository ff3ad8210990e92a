"""The first schema.

Steps spell their columns out instead of using ``bot.adapters.tables``, which moves on. There is no way back but a backup.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

GROWING = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create every table."""
    _create_decisions()
    _create_orders()
    _create_activity()
    _create_beginnings()


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _integer(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _create_decisions() -> None:
    op.create_table("meta", _text("key"), _text("value"), sa.PrimaryKeyConstraint("key", name="pk_meta"))
    op.create_table(
        "rules", _text("digest"), _text("json"), sa.PrimaryKeyConstraint("digest", name="pk_rules")
    )
    op.create_table(
        "decisions",
        _text("account"),
        _integer("number"),
        _integer("at_ms"),
        _text("rules_digest"),
        _text("snapshot"),
        _text("decision"),
        sa.PrimaryKeyConstraint("account", "number", name="pk_decisions"),
        sa.ForeignKeyConstraint(["rules_digest"], ["rules.digest"], name="fk_decisions_rules"),
    )


def _create_orders() -> None:
    op.create_table(
        "orders",
        _text("client_order_id"),
        _text("account"),
        _integer("decision_number"),
        _text("hedge"),
        _text("symbol"),
        _text("side"),
        _text("contracts"),
        _text("limit_price", nullable=True),
        _text("time_in_force"),
        sa.Column("reduce_only", sa.Boolean, nullable=False),
        _text("state"),
        _text("filled"),
        _integer("sent_at_ms", nullable=True),
        _integer("updated_at_ms"),
        sa.PrimaryKeyConstraint("client_order_id", name="pk_orders"),
        sa.ForeignKeyConstraint(
            ["account", "decision_number"],
            ["decisions.account", "decisions.number"],
            name="fk_orders_decisions",
        ),
    )
    op.create_index("ix_orders", "orders", ["account", "state"])
    op.create_table(
        "order_events",
        sa.Column("id", GROWING, nullable=False),
        _text("client_order_id"),
        _integer("at_ms"),
        _text("state"),
        _text("filled"),
        _text("reason"),
        sa.PrimaryKeyConstraint("id", name="pk_order_events"),
        sa.ForeignKeyConstraint(
            ["client_order_id"], ["orders.client_order_id"], name="fk_order_events_orders"
        ),
    )
    op.create_index("ix_order_events", "order_events", ["client_order_id"])


def _create_activity() -> None:
    op.create_table(
        "fills",
        sa.Column("id", GROWING, nullable=False),
        _text("account"),
        _text("fill_id"),
        _text("client_order_id"),
        _text("symbol"),
        _text("side"),
        _text("contracts"),
        _text("price"),
        _text("fee"),
        _text("realised_pnl"),
        sa.Column("maker", sa.Boolean, nullable=False),
        _integer("at_ms"),
        sa.PrimaryKeyConstraint("id", name="pk_fills"),
        sa.UniqueConstraint("account", "symbol", "fill_id", name="uq_fills"),
    )
    op.create_table(
        "payments",
        sa.Column("id", GROWING, nullable=False),
        _text("account"),
        _text("payment_id"),
        _text("kind"),
        _text("symbol", nullable=True),
        _text("asset"),
        _text("amount"),
        _integer("at_ms"),
        sa.PrimaryKeyConstraint("id", name="pk_payments"),
        sa.UniqueConstraint("account", "kind", "payment_id", name="uq_payments"),
    )
    op.create_table(
        "cursors", _text("account"), _integer("cursor"), sa.PrimaryKeyConstraint("account", name="pk_cursors")
    )


def _create_beginnings() -> None:
    op.create_table(
        "beginnings",
        _text("account"),
        _text("hedge"),
        _text("symbol"),
        _integer("decision_number"),
        sa.PrimaryKeyConstraint("account", "hedge", name="pk_beginnings"),
        sa.ForeignKeyConstraint(
            ["account", "decision_number"],
            ["decisions.account", "decisions.number"],
            name="fk_beginnings_decisions",
        ),
    )
