"""The database of feedback and insights, on SQLite and on a real PostgreSQL: the same promises on both."""

from __future__ import annotations

import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from helpcenter.store import store as store_module
from helpcenter.store.database import attempts, reasons, salts, searches, votes
from helpcenter.store.records import Counts, Limit, StoreUnavailable
from helpcenter.store.store import Store, today

WRITER = """
import sys
from helpcenter.store.store import Store
store = Store(sys.argv[1])
while True:
    store.vote("lost", True)
    print("voted", flush=True)
"""


def rows(store: Store, table: sa.Table) -> int:
    return int(store._read(sa.select(sa.func.count()).select_from(table))[0][0])


def test_votes_add_up_by_article(store: Store) -> None:
    for helpful in (True, True, False):
        store.vote("replacement/france-lost", helpful)
    store.vote("basics/eid", True)
    assert store.votes(1) == {"replacement/france-lost": (2, 1), "basics/eid": (1, 0)}


def test_searches_add_up_by_query_and_day(store: Store) -> None:
    yesterday = today() - timedelta(days=1)
    store.add_searches(yesterday, {"丢失": Counts(2, 0, 0, 1)})
    store.add_searches(today(), {"丢失": Counts(3, 0, 1, 0), "热点": Counts(1, 1, 0, 0)})
    store.add_searches(today(), {"丢失": Counts(opened=2), "没人问过": Counts(opened=5)})
    assert store.searches(1) == {"丢失": Counts(3, 0, 1, 2), "热点": Counts(1, 1, 0, 0)}
    assert store.searches(2)["丢失"] == Counts(5, 0, 1, 3)
    assert store.searches_by_day(2) == {yesterday: Counts(2, 0, 0, 1), today(): Counts(4, 1, 1, 2)}


def test_of_written_reasons_the_oldest_go_first(store: Store) -> None:
    for number in range(12):
        store.add_reason("lost", "看不懂", f"第 {number} 条")
    assert [reason.text for reason in store.reasons(1)] == [f"第 {number} 条" for number in range(11, 6, -1)]
    assert rows(store, reasons) == 5


def test_what_is_done_with_hides_nothing_that_comes(store: Store) -> None:
    store.finish_reasons("lost")  # nothing there
    store.add_reason("lost", "", "一")
    before = store.finished()
    store.finish_reasons("lost")
    assert store.reasons(1) == [] and store.finished() != before
    assert [(said.text, said.done) for said in store.reasons(1, done=True)] == [("一", True)]
    store.vote("lost", True)
    assert list(store.votes_by_day(1).values()) == [(1, 0)]
    with store._writing() as connection:
        connection.execute(reasons.delete())  # all past their time: SQLite now begins with id 1 again
    store.sweep()
    store.add_reason("lost", "", "二")
    assert [said.text for said in store.reasons(1)] == ["二"]


def test_a_flood_of_different_queries_stops_growing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "MOST_A_DAY", 10)
    store.add_searches(today(), {f"查询{number}": Counts(1) for number in range(10)})
    store.add_searches(today(), {f"查询{number}": Counts(1) for number in range(5, 50)})
    assert len(store.searches(1)) == 10
    assert store.searches(1)["查询9"].asked == 2, "known ones still count"


def test_a_flood_of_long_queries_stops_growing_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "MOST_A_DAY", 10)
    for number in range(5):
        store.add_searches(today(), {f"{number}-{more}{'长' * 96}": Counts(1) for more in range(9)})
    assert len(store.searches(1)) == 2, "200 characters a day, within one flush too"
    store.add_searches(today(), {f"0-0{'长' * 96}": Counts(1)})
    assert store.searches(1)[f"0-0{'长' * 96}"].asked == 2
    yesterday = today() - timedelta(days=1)
    store.add_searches(yesterday, {f"{number}{'长' * 50}": Counts(1) for number in range(3)})
    monkeypatch.setattr(store_module, "MOST_QUERIES", 16)  # so 320 characters
    store.sweep()
    assert len(store.searches(2)) == 2, "the oldest day went"


def test_what_is_past_its_time_is_deleted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.add_searches(today() - timedelta(days=30), {"旧": Counts(1)})
    store.add_searches(today(), {"新": Counts(1)})
    assert store.allow([Limit("vote", "192.0.2.1", 1)])
    store.sweep()
    assert set(store.searches(100)) == {"新"}
    assert rows(store, salts) == rows(store, attempts) == 1
    tomorrow = today() + timedelta(days=1)
    monkeypatch.setattr(store_module, "today", lambda: tomorrow)
    store.vote("lost", True)
    assert rows(store, salts) == rows(store, attempts) == 0, "hashes and their salt live for a day"


def test_the_oldest_days_go_when_there_are_too_many_queries(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for ago in range(4):
        store.add_searches(today() - timedelta(days=ago), {f"{ago}-{number}": Counts(1) for number in range(5)})
    monkeypatch.setattr(store_module, "MOST_QUERIES", 10)
    store.sweep()
    assert {query[0] for query in store.searches(30)} == {"0", "1"}


def test_limits_hold_among_workers(url: str, store: Store) -> None:
    stores = [store, Store(url)]
    limit = [Limit("vote", "192.0.2.7", 10)]
    with ThreadPoolExecutor(8) as pool:
        allowed = list(pool.map(lambda number: stores[number % 2].allow(limit), range(40)))
    stores[1].close()
    assert sum(allowed) == 10
    assert not store.allow(limit)
    assert store.allow([Limit("vote", "192.0.2.8", 10)]), "another address"
    assert store.allow([Limit("login", "192.0.2.7", 10)]), "another action"


def test_neighbours_in_one_network_share_a_limit(store: Store) -> None:
    assert store.allow([Limit("vote", "2001:db8::1", 1)])
    assert not store.allow([Limit("vote", "2001:db8::ffff", 1)])
    assert store.allow([Limit("vote", "2001:db8:0:1::1", 1)])


def test_no_address_is_kept(store: Store, url: str) -> None:
    store.allow([Limit("vote", "192.0.2.77", 5)])
    told = [str(store._read(sa.select(table))) for table in (attempts, salts, votes, searches, reasons)]
    assert "192.0.2" not in "".join(told)


def test_workers_that_start_at_once_all_find_their_tables(url: str) -> None:
    stores = [Store(url) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda one: one.vote("lost", True), stores))
    assert stores[0].votes(1) == {"lost": (6, 0)}
    for one in stores:
        one.close()


def test_the_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/data/new.db")
    with store._writing() as connection:
        connection.execute(votes.insert().values(day=today(), article="lost", helpful=1, unhelpful=0))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "data").iterdir()}
    store.close()
    assert modes.keys() == {"new.db", "new.db-wal", "new.db-shm"}
    assert set(modes.values()) == {0o600}


def test_a_worker_that_starts_while_another_makes_the_database_waits(tmp_path: Path) -> None:
    file = tmp_path / "new.db"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE anything (id INTEGER)")
    other.execute("BEGIN IMMEDIATE")  # SQLite waits for a reader or an exclusive lock, but not for this one
    finish = threading.Timer(0.3, other.execute, ("COMMIT",))
    finish.start()
    store = Store(f"sqlite:///{file}")
    store.vote("lost", True)
    finish.join()
    assert store.votes(1) == {"lost": (1, 0)}
    store.close()
    other.close()


def test_what_was_counted_survives_kill_9(url: str, store: Store) -> None:
    for _ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True)
        assert writer.stdout
        before = sum(store.votes(1).get("lost", (0, 0)))
        for _ in range(20):
            assert writer.stdout.readline() == "voted\n"
        writer.send_signal(signal.SIGKILL)
        told = 20 + len(writer.stdout.readlines())
        writer.stdout.close()
        assert writer.wait() == -signal.SIGKILL
        assert sum(store.votes(1)["lost"]) - before in (told, told + 1)
    store.vote("lost", True)
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        connection.close()


def test_a_database_that_comes_back_is_used_again(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.write_text("a file where the folder should be")
    store = Store(f"sqlite:///{folder}/helpcenter.db")
    with pytest.raises(StoreUnavailable, match=r"helpcenter\.db"):
        store.vote("lost", True)
    folder.unlink()
    store.vote("lost", True)
    assert store.votes(1) == {"lost": (1, 0)}
    store.close()


@pytest.mark.parametrize(
    "address", ["nonsense", "mysql://localhost/x", "postgresql+psycopg://reader:s3cret@127.0.0.1:1/x", "oracle://x"]
)
def test_an_address_that_leads_nowhere_is_told_without_its_password(address: str) -> None:
    with pytest.raises(StoreUnavailable) as told:
        Store(address).vote("lost", True)
    assert "s3cret" not in str(told.value)
    assert "用不了" in str(told.value)
