"""The tables of feedback and insights, and the engine that reaches them: SQLite by default, PostgreSQL by its address.

In: a database's address. Out: SQLAlchemy tables and an engine with everything in place.
Why counters and not events: a row for each query and day stays small, and there is no one whose path could be followed.
A change of a table: give the new one a new name; nothing here migrates.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

PATIENCE = 5
"""Seconds to wait for another process that writes, or a server that does not answer; whoever votes waits too."""
SLOW = 300
"""Seconds for sums and sweeps, which nobody waits for."""

tables = sa.MetaData()
searches = sa.Table(
    "searches",
    tables,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("query", sa.Text, primary_key=True),
    sa.Column("asked", sa.Integer, nullable=False),
    sa.Column("empty", sa.Integer, nullable=False),
    sa.Column("partial", sa.Integer, nullable=False),
    sa.Column("opened", sa.Integer, nullable=False),
)
day_searches = sa.Table(
    "day_searches",
    tables,
    sa.Column("day", sa.Date, primary_key=True),
    *(sa.Column(name, sa.Integer, nullable=False) for name in ("asked", "empty", "partial", "opened")),
)
periods = sa.Table(
    "periods",
    tables,
    sa.Column("days", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("since", sa.Date, nullable=False),
    sa.Column("until", sa.Date, nullable=False),
)
"""Of which days `period_searches` holds the sums; see `totals.py`."""
period_searches = sa.Table(
    "period_searches",
    tables,
    sa.Column("days", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("query", sa.Text, primary_key=True),
    *(sa.Column(name, sa.Integer, nullable=False) for name in ("asked", "empty", "partial", "opened")),
    sqlite_with_rowid=False,
)
OFTEN = 3
"""Searches without one opening before a query that finds something counts as failing."""
TROUBLE = f"(empty > 0 OR (opened = 0 AND (partial > 0 OR asked >= {OFTEN})))"
"""As text with its number in it, so that both databases see that the index below is made for it."""
votes = sa.Table(
    "votes",
    tables,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("article", sa.Text, primary_key=True),
    sa.Column("helpful", sa.Integer, nullable=False),
    sa.Column("unhelpful", sa.Integer, nullable=False),
)
reasons = sa.Table(
    "reasons",
    tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("article", sa.Text, nullable=False),
    sa.Column("choice", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)
reasons_done = sa.Table(
    "reasons_done",
    tables,
    sa.Column("article", sa.Text, primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)
"""Up to which of `reasons` an article's are done with."""
guide_steps = sa.Table(
    "guide_steps",
    tables,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("state", sa.Text, primary_key=True),
    sa.Column("reached", sa.Integer, nullable=False),
)
"""How often a state of a guide, `id/answer/answer`, was reached."""
openings = sa.Table(
    "openings",
    tables,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("article", sa.Text, primary_key=True),
    sa.Column("query", sa.Text, primary_key=True),
    sa.Column("opened", sa.Integer, nullable=False),
)
"""How often an article was opened from the results of a query."""
salts = sa.Table("salts", tables, sa.Column("day", sa.Date, primary_key=True), sa.Column("salt", sa.Text))
attempts = sa.Table(
    "attempts",
    tables,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("hour", sa.Integer, primary_key=True),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("used", sa.Integer, nullable=False),
)
sessions = sa.Table(
    "sessions",
    tables,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("until", sa.Integer, nullable=False),
)
"""Logins of `/insights`: the hash of the cookie's secret, and when it runs out."""


def _descending(*names: str) -> list[Any]:
    own = period_searches.c
    return [own.days, *(own[name].desc() for name in names), own.query]


INDEXES = (
    sa.Index("reasons_by_day", reasons.c.day),
    sa.Index("attempts_by_day", attempts.c.day),
    sa.Index("frequent", *_descending("asked")),
    sa.Index(
        "failing",
        *_descending("empty", "partial", "asked"),
        sqlite_where=sa.text(TROUBLE),
        postgresql_where=sa.text(TROUBLE),
    ),
)


def open_engine(url: str) -> sa.Engine:
    """An engine for `url`; SQLite gets its folder, a write-ahead log and patience. Raises what SQLAlchemy raises."""
    address = sa.make_url(url)
    backend = address.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise sa.exc.ArgumentError(f"只支持 SQLite 与 PostgreSQL，不支持 {backend}")
    if backend == "postgresql":
        # A connection each: 3 ms, and none is ever found dead, or waited for. A line that was cut is noticed in time.
        line = {"connect_timeout": PATIENCE, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
        return sa.create_engine(
            address, poolclass=sa.NullPool, connect_args=line | {"tcp_user_timeout": PATIENCE * 1000}
        )
    options: dict[str, Any] = {"connect_args": {"timeout": PATIENCE}}
    if address.database and address.database != ":memory:":
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):  # what readers wrote is its owner's; SQLite gives its log the same mode
            os.close(os.open(address.database, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        options["poolclass"] = sa.NullPool  # opening a file takes 0.2 ms, and nothing stays open that nobody closes
    engine = sa.create_engine(address, **options)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        _start_log(connection)
        # FULL: a vote that was answered survives a power cut too. One costs some ms, on a thread of its own.
        for pragma in ("synchronous=FULL", "journal_size_limit=4194304"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _start_log(connection: Any) -> None:
    """Write ahead. Of processes that turn to it at once SQLite refuses all but one, and without waiting: ask again."""
    latest = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > latest:
                raise
            time.sleep(0.01)
        else:
            return


@contextmanager
def transaction(engine: sa.Engine, seconds: float) -> Iterator[sa.Connection]:
    """One transaction, which fails after `seconds`.

    SQLite bounds its waiting by itself. PostgreSQL's client waits without end for a server that is there and does not
    answer (its machine overloaded, its disk gone), so we hang up; `statement_timeout` is that server's own affair.
    """
    with engine.connect() as connection:
        if connection.dialect.name != "postgresql":
            with connection.begin():
                yield connection
            return
        driver: Any = connection.connection.driver_connection
        with socket.socket(fileno=os.dup(driver.fileno())) as line:
            timer = threading.Timer(seconds, hang_up, (line,))
            timer.daemon = True
            timer.start()
            try:
                with connection.begin():
                    yield connection
            finally:
                timer.cancel()


def hang_up(line: socket.socket) -> None:
    """End a connection under whoever waits for it."""
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def create_tables(engine: sa.Engine) -> None:
    """Create what is missing. Where two processes do so at once, PostgreSQL refuses one of them, which tries again."""
    statements: list[sa.schema.ExecutableDDLElement] = [
        *(CreateTable(table, if_not_exists=True) for table in tables.sorted_tables),
        *(CreateIndex(index, if_not_exists=True) for index in INDEXES),
    ]
    for attempt in (1, 2):
        try:
            with transaction(engine, PATIENCE) as connection:
                for statement in statements:
                    connection.execute(statement)
        except (sa.exc.IntegrityError, sa.exc.ProgrammingError):
            if attempt == 2:
                raise
        else:
            return


def insert(connection: sa.Connection, table: sa.Table) -> Any:
    """An INSERT that knows ON CONFLICT: both databases spell it alike, SQLAlchemy's common core lacks it."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # 60 ms of the start of a server that has no use for it

    return postgresql.insert(table)


def or_add(statement: Any, table: sa.Table, numbers: Sequence[str]) -> Any:
    """The insertion, except that where a row with the same key stands already, the columns `numbers` are added."""
    more = {name: table.c[name] + statement.excluded[name] for name in numbers}
    keys = [column.name for column in table.primary_key]
    return statement.on_conflict_do_update(index_elements=keys, set_=more)


def shown(url: str) -> str:
    """A database's address without its password."""
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return "（网址写法不对）"
