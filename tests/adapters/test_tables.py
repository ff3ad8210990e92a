"""Tables, migrations and the list of known schemas say the same; columns keep what they are given."""

from decimal import Decimal
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable

from bot.adapters.tables import HEAD, MIGRATIONS, REVISIONS, ExactDecimal, Word, metadata, upgrade
from bot.core.values import Side
from tests.adapters.builders import open_at

SQLITE = sqlite.dialect()


def differences(connection: Connection) -> list[object]:
    """Compare a database with the tables."""
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


def test_a_journal_has_exactly_the_tables_we_think_it_has(anywhere: Path) -> None:
    with open_at(anywhere) as journal, journal.writer.engine.connect() as connection:
        assert differences(connection) == []


def test_the_list_of_schemas_is_the_list_of_migrations() -> None:
    script = ScriptDirectory(str(MIGRATIONS))
    assert tuple(reversed([step.revision for step in script.walk_revisions()])) == REVISIONS
    assert script.get_heads() == [HEAD]


def test_constraints_bear_the_names_that_later_migrations_will_call_them_by(anywhere: Path) -> None:
    with open_at(anywhere) as journal:
        found = inspect(journal.writer.engine)
        for table in metadata.sorted_tables:
            made = {found.get_pk_constraint(table.name)["name"]}
            made |= {key["name"] for key in found.get_foreign_keys(table.name)}
            made |= {key["name"] for key in found.get_unique_constraints(table.name)}
            named = {str(constraint.name) for constraint in table.constraints}
            assert made == named, table.name


def test_a_migration_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    journal = open_at(tmp_path / "one.sqlite")
    other = tmp_path / "two.sqlite"
    journal.close()
    engine = create_engine(f"sqlite:///{other}", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        upgrade(connection)
        connection.exec_driver_sql("ROLLBACK")
        assert inspect(connection).get_table_names() == []
    engine.dispose()


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=str)
def test_types_are_portable(table: object) -> None:
    text = str(CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[arg-type,no-untyped-call]  # untyped
    assert "FLOAT" not in text
    assert "NUMERIC" not in text
    assert "DATE" not in text


@given(st.decimals(allow_nan=False))
def test_a_decimal_column_keeps_every_digit(value: Decimal) -> None:
    column = ExactDecimal()
    text = column.process_bind_param(value, SQLITE)
    assert repr(column.process_result_value(text, SQLITE)) == repr(value)


def test_nothing_stays_nothing() -> None:
    for column in (ExactDecimal(), Word(Side)):
        assert column.process_bind_param(None, SQLITE) is None
        assert column.process_result_value(None, SQLITE) is None


def test_a_word_of_no_enum_is_not_read() -> None:
    assert Word(Side).process_result_value("sell", SQLITE) is Side.SELL
    with pytest.raises(ValueError, match="borrow"):
        Word(Side).process_result_value("borrow", SQLITE)
