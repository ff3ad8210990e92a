"""Orders know their leg, their intent and its arrival price, and may be adopted; incidents, terms, writers.

Orders of the first schema were all hedges' own trades, and each began an intent of its own: reprices of one gap were not
kept together then.
"""

import json
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

GROWING = sa.BigInteger().with_variant(sa.Integer, "sqlite")
EVENTS = ("id", "client_order_id", "at_ms", "state", "filled", "reason")


def upgrade() -> None:
    """Widen orders, complete old decisions, create what is new."""
    _widen_orders()
    _complete_decisions()
    op.create_index("ix_decisions", "decisions", ["account", "at_ms"])
    op.create_index("ix_fills", "fills", ["account", "client_order_id"])
    _create_incidents()
    _create_terms_and_writers()


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _integer(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _widen_orders() -> None:
    """SQLite copies the table to change it, and drops the old one: the events that point at it stand aside meanwhile."""
    columns = ", ".join(EVENTS)
    op.execute(f"CREATE TABLE order_events_aside AS SELECT {columns} FROM order_events")  # noqa: S608 - from the list above
    op.execute("DELETE FROM order_events")
    with op.batch_alter_table("orders") as batch:
        batch.alter_column("decision_number", existing_type=sa.BigInteger, nullable=True)
        batch.add_column(_text("leg", nullable=True))
        batch.add_column(_integer("intent", nullable=True))
        batch.add_column(_text("arrival_mid", nullable=True))
        batch.add_column(_integer("since_ms", nullable=True))
    op.execute("UPDATE orders SET leg = 'hedge', since_ms = updated_at_ms")
    with op.batch_alter_table("orders") as batch:
        batch.alter_column("since_ms", existing_type=sa.BigInteger, nullable=False)
    op.execute(f"INSERT INTO order_events ({columns}) SELECT {columns} FROM order_events_aside ORDER BY id")  # noqa: S608 - from the list above
    op.execute("DROP TABLE order_events_aside")


def _complete_decisions() -> None:
    """Write what orders did not know yet into old decisions, so that they can be read, and into the orders."""
    connection = op.get_bind()
    placed = 'SELECT account, number FROM decisions WHERE decision LIKE \'%"kind":"place"%\''
    read = "SELECT snapshot, decision FROM decisions WHERE account = :account AND number = :number"
    write = "UPDATE decisions SET decision = :decision WHERE account = :account AND number = :number"
    tell = "UPDATE orders SET intent = :number, arrival_mid = :mid WHERE client_order_id = :name"
    for account, number in connection.execute(sa.text(placed)).all():
        key = {"account": account, "number": number}
        picture, decision = map(json.loads, connection.execute(sa.text(read), key).one())
        mids = _complete(picture, decision)
        text = json.dumps(decision, ensure_ascii=False, separators=(",", ":"))
        connection.execute(sa.text(write), {**key, "decision": text})
        for name, mid in mids.items():
            connection.execute(sa.text(tell), {"number": number, "mid": mid, "name": name})


def _complete(picture: Any, decision: Any) -> dict[str, str]:  # noqa: ANN401 - JSON is whatever it is
    """Complete a decision's orders in place; returns the mid each was decided at, by its name."""
    mids = {
        quote["symbol"]: str((Decimal(quote["bid"]) + Decimal(quote["ask"])) / 2)
        for quote in picture["quotes"]
    }
    found = {}
    for command in decision["commands"]:
        if command["kind"] == "place":
            request = command["request"]
            mid = mids[request["symbol"]]
            command |= {"leg": "hedge", "intent": decision["number"], "arrival_mid": mid}
            found[request["client_order_id"]] = mid
    return found


def _create_incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", GROWING, nullable=False),
        _text("account"),
        _text("kind"),
        _text("key"),
        _text("symbol"),
        _text("text"),
        _text("rebased"),
        _integer("at_ms"),
        _integer("answered_by", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_incidents"),
        sa.UniqueConstraint("account", "kind", "key", name="uq_incidents"),
    )


def _create_terms_and_writers() -> None:
    op.create_table(
        "terms",
        sa.Column("id", GROWING, nullable=False),
        _text("account"),
        _text("symbol"),
        _integer("since_ms"),
        _text("json"),
        sa.PrimaryKeyConstraint("id", name="pk_terms"),
    )
    op.create_index("ix_terms", "terms", ["account", "symbol"])
    op.create_table(
        "writers",
        _text("account"),
        _integer("epoch"),
        _text("process"),
        _integer("since_ms"),
        sa.PrimaryKeyConstraint("account", name="pk_writers"),
    )
