"""Transfers of margin, persons' words, and the causes of the guard as they began and ended.

What older decisions do not say of the guard is what their records say by default, so that none has to be completed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

GROWING = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create what is new."""
    _create_transfers()
    _create_controls()
    _create_guard_events()
    op.create_index("ix_orders_sent", "orders", ["account", "sent_at_ms"])


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _decision(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["account", "decision_number"],
        ["decisions.account", "decisions.number"],
        name=f"fk_{table}_decisions",
    )


def _create_transfers() -> None:
    op.create_table(
        "transfers",
        _text("transfer_id"),
        _text("account"),
        _integer("decision_number"),
        _text("asset"),
        _text("amount"),
        _text("needed"),
        _text("state"),
        _text("reason"),
        _integer("since_ms"),
        _integer("updated_at_ms"),
        sa.PrimaryKeyConstraint("transfer_id", name="pk_transfers"),
        _decision("transfers"),
    )
    op.create_index("ix_transfers", "transfers", ["account"])


def _create_controls() -> None:
    op.create_table(
        "controls",
        sa.Column("id", GROWING, nullable=False),
        _text("account"),
        _text("hedge", nullable=True),
        _text("kind"),
        _text("who"),
        _text("why"),
        _integer("at_ms"),
        sa.PrimaryKeyConstraint("id", name="pk_controls"),
    )
    op.create_index("ix_controls", "controls", ["account"])


def _create_guard_events() -> None:
    op.create_table(
        "guard_events",
        sa.Column("id", GROWING, nullable=False),
        _text("account"),
        _integer("decision_number"),
        _integer("at_ms"),
        _text("hedge", nullable=True),
        _text("kind"),
        _text("state"),
        _text("who"),
        _text("key"),
        _text("text"),
        sa.Column("began", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_guard_events"),
        _decision("guard_events"),
    )
    op.create_index("ix_guard_events", "guard_events", ["account", "key"])
