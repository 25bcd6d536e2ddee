"""The kept sums of each period are those of the counted rows, on SQLite and on PostgreSQL."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from helpcenter.insights.figures import Asked
from helpcenter.store import store as store_module
from helpcenter.store.database import day_searches, period_searches, periods
from helpcenter.store.records import Counts
from helpcenter.store.store import Store, today


def kept(store: Store, days: int) -> dict[str, Counts]:
    """The kept sums of a period; today's, or there are none."""
    assert store._ready(days)
    return dict(store.frequent(days, 10_000))


def summed(store: Store, days: int) -> dict[str, Counts]:
    """The same from the rows."""
    return store.searches(days)


def test_kept_sums_are_those_of_the_rows(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    rng, now = random.Random(5), today()
    for day in (0, 1, 6, 7, 8, 29, 30, 31, 45):  # 30 are kept
        monkeypatch.setattr(store_module, "today", lambda day=day: now + timedelta(days=day))
        for _ in range(2):
            late = store_module.today() - timedelta(days=rng.choice([0, 0, 1, 6, 7, 29, 30]))
            empty = rng.randrange(2)
            counts = {
                f"查询{rng.randrange(20)}": Counts(rng.randrange(3), empty, 0, rng.randrange(2)) for _ in range(9)
            }
            store.add_searches(late, counts)
        for days in (7, 30):
            assert kept(store, days) == summed(store, days)
    by_day = store.searches_by_day(30)
    assert sum(by_day.values(), Counts()) == sum(summed(store, 30).values(), Counts())
    assert min(by_day) >= store_module.first_day(30)
    for days in (7, 30):
        failing = dict(store.failing(days, 10_000))
        assert failing == {query: one for query, one in summed(store, days).items() if Asked(query, one).trouble}
        empty_first = [one.empty for one in failing.values()]
        assert empty_first == sorted(empty_first, reverse=True)


def test_a_database_from_before_there_were_sums_loses_nothing(url: str, store: Store) -> None:
    old = {f"旧{number}": Counts(number + 1, number % 2, 0, 1) for number in range(9)}
    store.add_searches(today() - timedelta(days=3), old)
    store.close()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for table in (periods, period_searches, day_searches):
            table.drop(connection)
    engine.dispose()
    assert dict(store.frequent(7, 100)) == old and list(store.searches_by_day(7).values())
    store.add_searches(today(), {"旧8": Counts(1)})
    assert kept(store, 7) == summed(store, 7) == old | {"旧8": old["旧8"] + Counts(1)}
    assert len(store.searches_by_day(7)) == 2


def test_sums_made_anew_while_others_count_miss_nothing(url: str, store: Store) -> None:
    stores = [store, *(Store(url, days=30) for _ in range(3))]

    def count(number: int) -> None:
        own = stores[number % 4]
        if number % 5 == 0:  # as on the first flush of a day
            with own._open().begin() as connection:
                connection.execute(periods.update().values(until=today() - timedelta(days=1)))
            own._renewed = None
        own.add_searches(today(), {"丢失": Counts(1), f"查询{number}": Counts(1)})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(60)))
    store._renewed = None
    store.renew()
    assert summed(store, 7)["丢失"].asked == 60
    assert kept(store, 7) == summed(store, 7)
    assert store.searches_by_day(7)[today()].asked == 120
    for one in stores:
        one.close()


def test_sums_follow_when_the_oldest_days_go_or_another_period_is_kept(
    url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for ago in range(4):
        store.add_searches(today() - timedelta(days=ago), {f"{ago}-{number}": Counts(1) for number in range(5)})
    monkeypatch.setattr(store_module, "MOST_QUERIES", 10)
    store.sweep()
    assert set(dict(store.frequent(7, 100))) == set(summed(store, 7))
    store.add_searches(today(), {"0-0": Counts(1)})
    assert kept(store, 7) == summed(store, 7)
    longer = Store(url, days=90)
    longer.add_searches(today(), {"0-0": Counts(1)})
    assert kept(longer, 90) == summed(longer, 90) == kept(store, 30)
    longer.close()
    tomorrow = today() + timedelta(days=2)
    monkeypatch.setattr(store_module, "today", lambda: tomorrow)
    store.renew()
    assert len(store._read(sa.select(periods.c.days))) == 2, "90 is nobody's any more"
