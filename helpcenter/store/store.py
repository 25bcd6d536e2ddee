"""What the database is asked: count votes and searches, keep reasons, hold limits, give it all back summed up.

In: votes, reasons, counted searches. Out: sums for `insights.py`; `StoreUnavailable` for whatever goes wrong, so that
callers have one thing to expect. Nothing in it tells one reader from another: addresses serve the rate limits alone,
as hashes with a salt of the day, and both are deleted once the day is over.
Why the limits are rows: they then hold across all workers and servers.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from helpcenter.store import totals
from helpcenter.store.connecting import Connected
from helpcenter.store.database import (
    PATIENCE,
    SLOW,
    attempts,
    day_searches,
    guide_steps,
    insert,
    openings,
    or_add,
    periods,
    reasons,
    reasons_done,
    salts,
    searches,
    sessions,
    votes,
)
from helpcenter.store.records import Counts, Limit, Reason, neighbourhood
from helpcenter.store.totals import COUNTED

MOST_A_DAY = 20_000
"""Different queries counted in one day; then only those already known."""
MOST_QUERIES = 200_000
"""Different queries kept over all days, 60 MB with their sums, 220 under a flood; the oldest days go first."""
LONG = 20
"""Characters of a query on average, at most: so many times both bounds are kept, whoever floods with long ones."""
PERIODS = (7, 30, 90, 365)
"""Days of which figures are shown, those below what is kept; and all that is kept."""


class Store(Connected):
    """Safe among threads and processes. Every method but the constructor and `close` raises `StoreUnavailable`."""

    def __init__(self, url: str, days: int = 90, most_texts: int = 10_000) -> None:
        super().__init__(url)
        self.days = days
        self.periods = (*(period for period in PERIODS if period < days), days)
        self.most_texts = most_texts
        self._swept: date | None = None
        self._renewed: date | None = None

    # Writing: whatever a method changed is on the disk when it returns

    def allow(self, limits: Sequence[Limit]) -> bool:
        """Count one try; whether no limit is exceeded by it. The first one exceeded ends the counting."""
        with self._writing() as connection:
            return all(self._tries(connection, limit, add=1) <= limit.most for limit in limits)

    def begin_session(self, key: str, until: int) -> None:
        """Remember a login until a Unix time; those that ran out go."""
        with self._writing() as connection:
            connection.execute(sessions.delete().where(sessions.c.until <= int(time.time())))
            connection.execute(sessions.insert().values(key=key, until=until))

    def end_sessions(self, key: str | None = None) -> None:
        """Forget one login, or all of them."""
        with self._writing() as connection:
            connection.execute(sessions.delete() if key is None else sessions.delete().where(sessions.c.key == key))

    def vote(self, article: str, helpful: bool) -> None:
        """Count one vote."""
        own = {"day": today(), "article": article, "helpful": int(helpful), "unhelpful": int(not helpful)}
        with self._writing() as connection:
            self._add(connection, votes, [own], "helpful", "unhelpful")

    def add_reason(self, article: str, choice: str, text: str) -> None:
        """Keep a reason; beyond `most_texts` the oldest are dropped."""
        with self._writing() as connection:
            connection.execute(reasons.insert().values(day=today(), article=article, choice=choice, text=text))
            newest = sa.select(reasons.c.id).order_by(reasons.c.id.desc())
            last = connection.scalar(newest.offset(self.most_texts).limit(1))
            if last is not None:
                connection.execute(reasons.delete().where(reasons.c.id <= last))

    def finish_reasons(self, article: str) -> None:
        """Mark all reasons an article has now as done."""
        last = sa.select(sa.literal(article), sa.func.max(reasons.c.id)).where(reasons.c.article == article)
        wanted = last.having(sa.func.max(reasons.c.id).is_not(None))
        with self._writing() as connection:
            statement = insert(connection, reasons_done).from_select(["article", "last"], wanted)
            newer = {"last": statement.excluded.last}
            connection.execute(statement.on_conflict_do_update(index_elements=["article"], set_=newer))

    def add_searches(self, day: date, counts: Mapping[str, Counts]) -> None:
        """Add the counts of one day, all or none.

        What was opened without being asked that day is left out, as are new queries beyond MOST_A_DAY.
        """
        # One statement for all: other threads go on while the database works. Row by row each of them would have had
        # to wait for the interpreter, and so would they: 13 µs a row.
        # Sorted: two workers that lock the same rows in different orders would wait for each other.
        rows = [(query, one.asked, one.empty, one.partial, one.opened) for query, one in sorted(counts.items())]
        member = self._each(rows)
        numbers = [member[place].as_integer().label(name) for place, name in enumerate(COUNTED, 1)]
        each = sa.select(member[0].as_string().label("query"), *numbers).subquery()
        known = sa.exists().where(searches.c.day == day, searches.c.query == each.c.query)
        new = ~known & (each.c.asked > 0)
        length = sa.func.length(each.c.query)
        # How much of it is new up to each, so that no single flush goes far beyond what a day may have.
        more, longer = (
            sa.func.sum(sa.case((new, one), else_=0)).over(order_by=each.c.query).label(name)
            for name, one in (("more", 1), ("longer", length))
        )
        placed = sa.select(each, known.label("known"), more, longer).subquery()
        there = sa.select(sa.func.count()).where(searches.c.day == day)
        text = there.with_only_columns(sa.func.coalesce(sa.func.sum(sa.func.length(searches.c.query)), 0))
        room = there.scalar_subquery() + placed.c.more <= MOST_A_DAY
        room &= text.scalar_subquery() + placed.c.longer <= MOST_A_DAY * LONG
        columns = [placed.c[name] for name in ("query", *COUNTED)]
        wanted = sa.select(sa.literal(day), *columns).where(placed.c.known | (placed.c.asked > 0) & room)
        self.renew()
        with self._writing(SLOW) as connection:
            totals.hold(connection)
            statement = insert(connection, searches).from_select(["day", "query", *COUNTED], wanted)
            connection.execute(or_add(statement, searches, COUNTED))
            totals.add(connection, day, each)

    def add_steps(self, day: date, reached: Mapping[str, int]) -> None:
        """Add how often states of guides were reached in one day."""
        rows = [{"day": day, "state": state, "reached": count} for state, count in sorted(reached.items())]
        with self._writing() as connection:
            self._add(connection, guide_steps, rows, "reached")

    def add_openings(self, day: date, opened: Mapping[tuple[str, str], int]) -> None:
        """Add how often articles were opened from the results of queries: (article, query) → times.

        Queries that nobody asked that day are left out, as is whatever goes beyond MOST_A_DAY.
        """
        asked = sorted({query for _, query in opened})
        known = sa.select(searches.c.query).where(searches.c.day == day, searches.c.query.in_(asked))
        there = sa.select(sa.func.count()).where(openings.c.day == day)
        really, room = {query for (query,) in self._read(known)}, MOST_A_DAY - int(self._read(there)[0][0])
        rows = [
            {"day": day, "article": article, "query": query, "opened": times}
            for (article, query), times in sorted(opened.items())
            if query in really
        ]
        if rows and room > 0:
            with self._writing() as connection:
                self._add(connection, openings, rows[:room], "opened")

    def sweep(self, seconds: float = SLOW) -> None:
        """Delete what is past its time. The other writing methods call it once a day."""
        oldest = first_day(self.days)
        with self._transaction(seconds) as connection:
            for table in (searches, votes, reasons, guide_steps, openings):
                connection.execute(table.delete().where(table.c.day < oldest))
            # SQLite gives the ids of an emptied table out again: what is done with must not hide what comes.
            connection.execute(reasons_done.delete().where(reasons_done.c.last.not_in(sa.select(reasons.c.id))))
            for table in (salts, attempts):
                connection.execute(table.delete().where(table.c.day < today()))
            totals.forget(connection, first_day(2))
            sizes = sa.select(searches.c.day, sa.func.count(), sa.func.sum(sa.func.length(searches.c.query)))
            by_day = connection.execute(sizes.group_by(searches.c.day).order_by(searches.c.day.desc())).all()
            queries = text = 0
            for day, count, length in by_day:
                queries, text = queries + count, text + length
                if queries > MOST_QUERIES or text > MOST_QUERIES * LONG:
                    connection.execute(searches.delete().where(searches.c.day <= day))
                    totals.forget(connection)
                    self._renewed = None
                    break
        self._swept = today()

    def renew(self) -> None:
        """Make the sums of all periods anew, once a day. Some 4 s for a million rows."""
        if self._swept != today():
            self.sweep()
        if self._renewed == today():
            return
        for days in self.periods:  # a transaction each: others write between them
            with self._transaction(SLOW) as connection:
                totals.renew(connection, days, today(), whole=days == self.days)
        self._renewed = today()

    # Reading; of `days` the last is today

    def searches(self, days: int) -> dict[str, Counts]:
        """All queries of the last `days` with their counts."""
        return {query: Counts(*map(int, sums)) for query, *sums in self._sums(searches.c.query, COUNTED, days)}

    def frequent(self, days: int, limit: int) -> list[tuple[str, Counts]]:
        """The queries asked most, most first."""
        return self._ranked(days, limit, ("asked",))

    def failing(self, days: int, limit: int) -> list[tuple[str, Counts]]:
        """The queries in trouble, the worst first: nothing found, only parts, or asked OFTEN and never opened."""
        return self._ranked(days, limit, ("empty", "partial", "asked"), trouble=True)

    def session_lives(self, key: str) -> bool:
        """Whether a login is remembered and has not run out."""
        wanted = sa.select(sessions.c.key).where(sessions.c.key == key, sessions.c.until > int(time.time()))
        return bool(self._read(wanted))

    def sessions(self) -> list[int]:
        """When each login runs out, as Unix times."""
        live = sa.select(sessions.c.until).where(sessions.c.until > int(time.time())).order_by(sessions.c.until)
        return [int(until) for (until,) in self._read(live)]

    def searches_by_day(self, days: int) -> dict[date, Counts]:
        """The counts of each day that has any."""
        by = day_searches.c.day if self._ready(self.days) else searches.c.day
        return {day: Counts(*map(int, sums)) for day, *sums in self._sums(by, COUNTED, days)}

    def steps(self, days: int) -> dict[str, int]:
        """How often each state of a guide was reached."""
        return {state: int(count) for state, count in self._sums(guide_steps.c.state, ("reached",), days)}

    def openings(self, days: int, article: str) -> dict[str, int]:
        """By query: how often an article was opened from its results."""
        times = sa.func.sum(openings.c.opened)
        wanted = sa.select(openings.c.query, times).where(openings.c.day >= first_day(days))
        found = self._read(wanted.where(openings.c.article == article).group_by(openings.c.query))
        return {query: int(count) for query, count in found}

    def votes(self, days: int) -> dict[str, tuple[int, int]]:
        """By article: how many found it helpful, how many did not."""
        found = self._sums(votes.c.article, ("helpful", "unhelpful"), days)
        return {article: (int(helpful), int(unhelpful)) for article, helpful, unhelpful in found}

    def votes_by_day(self, days: int) -> dict[date, tuple[int, int]]:
        """How many found something helpful, how many not, on each day that has votes."""
        found = self._sums(votes.c.day, ("helpful", "unhelpful"), days)
        return {day: (int(helpful), int(unhelpful)) for day, helpful, unhelpful in found}

    def reasons(self, days: int, limit: int = 50, done: bool = False) -> list[Reason]:
        """The newest reasons first; with `done` those dealt with too."""
        is_done = sa.func.coalesce(reasons_done.c.last, 0) >= reasons.c.id
        columns = reasons.c.day, reasons.c.article, reasons.c.choice, reasons.c.text, is_done
        both = reasons.outerjoin(reasons_done, reasons.c.article == reasons_done.c.article)
        found = sa.select(*columns).select_from(both).where(reasons.c.day >= first_day(days))
        if not done:
            found = found.where(~is_done)
        rows = self._read(found.order_by(reasons.c.id.desc()).limit(limit))
        return [Reason(day, article, choice, text, bool(over)) for day, article, choice, text, over in rows]

    def finished(self) -> int:
        """A number that changes whenever reasons are marked as done."""
        return int(self._read(sa.select(sa.func.coalesce(sa.func.sum(reasons_done.c.last), 0)))[0][0])

    def close(self) -> None:
        """Close all connections; the next call opens new ones, perhaps to a new file."""
        super().close()
        self._renewed = None

    # Behind

    def _ranked(self, days: int, limit: int, order: Sequence[str], trouble: bool = False) -> list[tuple[str, Counts]]:
        wanted = totals.ranked(days, first_day(days), self._ready(days), order, limit, trouble)
        return [(query, Counts(*map(int, numbers))) for query, *numbers in self._read(wanted, SLOW)]

    def _ready(self, days: int) -> bool:
        """Whether today's sums of this period are kept."""
        return bool(self._read(sa.select(periods.c.days).where(periods.c.days == days, periods.c.until == today())))

    def _tries(self, connection: sa.Connection, limit: Limit, add: int) -> int:
        day, hour = today(), int(time.time()) // 3600
        connection.execute(
            insert(connection, salts).values(day=day, salt=secrets.token_hex(16)).on_conflict_do_nothing()
        )
        salt = connection.scalar(sa.select(salts.c.salt).where(salts.c.day == day))
        text = f"{salt} {limit.action} {neighbourhood(limit.address)}"
        key = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        if add:
            self._add(connection, attempts, [{"key": key, "hour": hour, "day": day, "used": add}], "used")
        used = sa.select(attempts.c.used).where((attempts.c.key == key) & (attempts.c.hour == hour))
        return connection.scalar(used) or 0

    def _add(self, connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]], *numbers: str) -> None:
        """Insert `rows`; where one with the same key stands already, add the columns `numbers` to it."""
        statement = insert(connection, table).values({name: sa.bindparam(name) for name in rows[0]})
        connection.execute(or_add(statement, table, numbers), rows)

    def _each(self, rows: Sequence[Any]) -> Any:
        """Each of `rows` as a column of JSON arrays to select from."""
        array = sa.literal(rows, sa.JSON)
        if self.url.startswith("postgresql"):
            members = sa.func.json_array_elements(array).table_valued("value").render_derived()
        else:
            members = sa.func.json_each(array).table_valued("value")
        return sa.type_coerce(members.c.value, sa.JSON)

    def _sums(self, by: sa.Column[Any], names: Sequence[str], days: int) -> list[tuple[Any, ...]]:
        columns = [sa.func.sum(by.table.c[name]) for name in names]
        return self._read(sa.select(by, *columns).where(by.table.c.day >= first_day(days)).group_by(by), SLOW)

    @contextmanager
    def _writing(self, seconds: float = PATIENCE) -> Iterator[sa.Connection]:
        """One transaction. It must begin with a change: SQLite cannot turn one that has read into one that writes."""
        if self._swept != today():
            self.sweep(seconds)
        with self._transaction(seconds) as connection:
            yield connection


def today() -> date:
    """The day at the server's place."""
    return datetime.now().astimezone().date()


def first_day(days: int) -> date:
    """The first of the last `days` days."""
    return today() - timedelta(days=days - 1)
