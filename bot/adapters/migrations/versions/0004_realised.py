"""Profit that a venue does not tell is reckoned by the books: fills may lack it, and re-basings know their entry.

What older journals say of a fill's profit stays as it is; the entry of their re-basings nobody wrote down.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let fills lack their profit, and give incidents an entry price."""
    with op.batch_alter_table("fills") as batch:
        batch.alter_column("realised_pnl", existing_type=sa.Text, nullable=True)
    with op.batch_alter_table("incidents") as batch:
        batch.add_column(sa.Column("entry_price", sa.Text, nullable=True))
