"""What the tables of a database look like, and how those differ that two ways of making them lead to."""

from collections.abc import Sequence
from pathlib import Path

import psycopg
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from onrecord.index.database_address import parse
from onrecord.index.store.line import Line
from onrecord.index.store.migrating import migrate, migrate_file
from onrecord.index.store.schema import connect

_TABLES = "SELECT name, wr, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'"
_IN_SQLITE = (
    _TABLES,
    f"SELECT t.name, c.* FROM ({_TABLES}) t, pragma_table_xinfo(t.name) c",
    f"SELECT t.name, k.* FROM ({_TABLES}) t, pragma_foreign_key_list(t.name) k",
    "SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'",
    "SELECT name, type, replace(sql, ' ', '') FROM sqlite_master WHERE type != 'table' AND sql != ''",
    "SELECT user_version FROM pragma_user_version",
)
_HERE = "(SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
_IN_POSTGRESQL = (
    "SELECT table_name, column_name, row_number() OVER (PARTITION BY table_name ORDER BY ordinal_position), data_type, "
    "collation_name, is_nullable, column_default, is_identity, identity_generation FROM information_schema.columns "
    "WHERE table_schema = current_schema()",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
    f"WHERE connamespace = {_HERE}",
    "SELECT tablename, indexname, replace(indexdef, current_schema() || '.', '') FROM pg_indexes "
    "WHERE schemaname = current_schema()",
    f"SELECT proname, pg_get_function_arguments(oid), prosrc FROM pg_proc WHERE pronamespace = {_HERE}",
    "SELECT tgrelid::regclass::text, tgname, tgtype FROM pg_trigger WHERE NOT tgisinternal "
    f"AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = {_HERE})",
)


def engine_of(file: Path, url: str) -> sqlalchemy.Engine:
    """For a collection's own file or, with ``url``, its schema in PostgreSQL."""
    if not url:
        return sqlalchemy.create_engine(f"sqlite:///{file}", poolclass=sqlalchemy.NullPool)
    at = parse(url)
    said = f"dbname={at.database} user={at.user} " + " ".join(f"{name}={value}" for name, value in at.options)
    return sqlalchemy.create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(said, options=f"-c search_path={at.schema}", autocommit=True),
        poolclass=sqlalchemy.NullPool,
    )


def migrated_from_nothing(lines: Sequence[Line], file: Path, url: str) -> sqlalchemy.Engine:
    """A place that has gone through every migration."""
    engine = engine_of(file, url)
    if url:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {parse(url).schema}")
    for line in lines:
        if url:
            migrate(engine, ("BEGIN",), line, "It")
        else:
            migrate_file(lambda: connect(file), line, "It")
    return engine


def structure(engine: sqlalchemy.Engine) -> list[object]:
    """All of it, also what Alembic's comparison does not look at: the order and collation of columns, numbering."""
    inspected = sqlalchemy.inspect(engine)
    rules = [(table, inspected.get_check_constraints(table)) for table in sorted(inspected.get_table_names())]
    with engine.connect() as connection:
        queries = _IN_SQLITE if engine.dialect.name == "sqlite" else _IN_POSTGRESQL
        found = [connection.exec_driver_sql(query).all() for query in queries]
    return [rules, *(sorted(map(tuple, rows), key=str) for rows in found)]


def differences(one: sqlalchemy.Engine, other: sqlalchemy.Engine) -> list[object]:
    """What Alembic would change to make the other the one."""
    metadata = sqlalchemy.MetaData()
    metadata.reflect(one)
    assert metadata.tables
    with other.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, metadata))


def same(one: sqlalchemy.Engine, other: sqlalchemy.Engine) -> bool:
    """Whether neither comparison finds a difference."""
    assert structure(one) == structure(other)
    assert differences(one, other) == []
    return True


def numbers(line: Line) -> list[str]:
    """Of the migrations as they follow one another; raises where there are two of one number or two last ones."""
    scripts = ScriptDirectory(str(line.migrations), version_locations=[str(line.migrations)])
    return [script.revision for script in scripts.walk_revisions("base", "head")][::-1]
