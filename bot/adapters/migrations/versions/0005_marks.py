"""What hedges were worth over time: the history of profit, and what hedging took away of the variance."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for marks."""
    growing = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    figures = ("spot", "futures", "funding", "fees", "value", "value_unhedged")
    op.create_table(
        "marks",
        sa.Column("id", growing, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("hedge", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in figures),
        sa.PrimaryKeyConstraint("id", name="pk_marks"),
    )
    op.create_index("ix_marks", "marks", ["account", "at_ms"])
