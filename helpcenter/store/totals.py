"""Totals: the counted searches summed up as `/insights` asks for them, kept beside the rows they are made of.

In: connections inside a transaction. Out: statements on three tables: `periods` (which sums there are, and of which
days), `period_searches` (a row for each period and query), `day_searches` (a row for each day).
Why: the twenty most frequent of a million rows took 3 s to sum and sort; from an index they take a millisecond.
Why nothing can be lost or drift for long: the sums of a period are made anew from the rows on the first flush of a day,
by whichever process comes first, and until then readers of figures sum the rows themselves. A database that was
made before there were totals has none for today, and so gets them the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from helpcenter.store.database import TROUBLE, day_searches, insert, or_add, period_searches, periods, searches

COUNTED = ("asked", "empty", "partial", "opened")


def hold(connection: sa.Connection) -> None:
    """Let nobody make sums anew until this transaction ends; counting goes on beside. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("LOCK TABLE periods IN SHARE MODE"))


def renew(connection: sa.Connection, days: int, today: date, whole: bool) -> None:
    """Make the sums of the last `days` anew unless today's are there; with `whole` those of single days too."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("LOCK TABLE periods IN EXCLUSIVE MODE"))
    statement = insert(connection, periods).values(days=days, since=today - timedelta(days=days - 1), until=today)
    new = {name: statement.excluded[name] for name in ("since", "until")}
    older = periods.c.until < statement.excluded.until
    done = connection.execute(statement.on_conflict_do_update(index_elements=["days"], set_=new, where=older))
    if not done.rowcount:
        return
    connection.execute(period_searches.delete().where(period_searches.c.days == days))
    _fill(connection, period_searches, [sa.literal(days).label("days"), searches.c.query], days, today)
    if whole:
        connection.execute(day_searches.delete())
        _fill(connection, day_searches, [searches.c.day], days, today)


def add(connection: sa.Connection, day: date, counts: sa.Subquery) -> None:
    """Add what was just added to `searches`: `query` and COUNTED of `counts`, but nothing that was left out there."""
    # Not a join: SQLite may then go through all rows of the day, and for each through `counts` (11 s for a thousand).
    kept = sa.exists().where(searches.c.day == day, searches.c.query == counts.c.query)
    numbers = [counts.c[name] for name in COUNTED]
    each = sa.select(periods.c.days, counts.c.query, *numbers).select_from(counts.join(periods, sa.true()))
    each = each.where(periods.c.since <= day, periods.c.until >= day, kept).order_by(periods.c.days, counts.c.query)
    statement = insert(connection, period_searches).from_select(["days", "query", *COUNTED], each)
    connection.execute(or_add(statement, period_searches, COUNTED))
    sums = [sa.func.coalesce(sa.func.sum(number), 0) for number in numbers]
    whole = sa.select(sa.literal(day), *sums).where(kept)
    statement = insert(connection, day_searches).from_select(["day", *COUNTED], whole)
    connection.execute(or_add(statement, day_searches, COUNTED))


def forget(connection: sa.Connection, oldest: date | None = None) -> None:
    """Drop the periods that ended before `oldest`, or all; figures are then summed from the rows."""
    connection.execute(periods.delete() if oldest is None else periods.delete().where(periods.c.until < oldest))
    connection.execute(period_searches.delete().where(period_searches.c.days.not_in(sa.select(periods.c.days))))


def ranked(days: int, since: date, ready: bool, order: Sequence[str], limit: int, trouble: bool) -> sa.Select[Any]:
    """The queries of a period with the highest numbers, from kept sums where `ready`; all or those in trouble."""
    sums = [sa.func.sum(searches.c[name]).label(name) for name in COUNTED]
    rows = sa.select(searches.c.query, *sums).where(searches.c.day >= since).group_by(searches.c.query)
    source = period_searches if ready else rows.subquery()
    wanted = sa.select(source.c.query, *(source.c[name] for name in COUNTED)).limit(limit)
    if ready:
        wanted = wanted.where(period_searches.c.days == days)
    if trouble:
        wanted = wanted.where(sa.text(TROUBLE))
    return wanted.order_by(*(source.c[name].desc() for name in order), source.c.query)


def _fill(connection: sa.Connection, table: sa.Table, by: list[Any], days: int, today: date) -> None:
    sums = [sa.func.sum(searches.c[name]) for name in COUNTED]
    rows = sa.select(*by, *sums).where(searches.c.day > today - timedelta(days=days), searches.c.day <= today)
    keys = [column.name for column in table.primary_key]
    connection.execute(table.insert().from_select([*keys, *COUNTED], rows.group_by(by[-1])))
