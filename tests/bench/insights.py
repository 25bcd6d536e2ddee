"""How long `/insights` takes once a great many searches were counted.

In: how many rows (`insights.py 1000000`), an empty database's address (SQLite in a temporary folder by default).
Out: for each period the time of the figures, of the whole page, and of the same figures without the totals kept beside
the rows; seconds that the daily roll takes, that a flush of 1,000 queries takes; the database's size.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from flask.testing import FlaskClient

from helpcenter import create_app
from helpcenter.insights.figures import insights
from helpcenter.settings import Settings
from helpcenter.store import store as store_module
from helpcenter.store.background import Latest
from helpcenter.store.database import searches, votes
from helpcenter.store.records import Counts
from helpcenter.store.store import Store, today
from index import build

ROOT = Path(__file__).parent.parent.parent
TOKEN = "a-token-for-measuring"
WORDS = "eSIM 丢失 补卡 激活 法国 费用 换机 漫游 热点 信号 号码 验证码".split()
DAYS = 90
"""Over which the rows are spread; as many different queries a day as are counted at most, 20,000, would fill 50."""


def filled(store: Store, count: int) -> None:
    """Write `count` rows as readers would: half are asked on many days, half once in these three months."""
    rng = random.Random(1)
    names = [column.name for column in searches.columns]
    with store._open().begin() as connection:
        for ago in range(DAYS):
            day = today() - timedelta(days=ago)
            rows: dict[str, tuple[object, ...]] = {}
            while len(rows) < count // DAYS:
                number = int(rng.paretovariate(0.35)) if rng.random() < 0.5 else rng.randrange(10**9)
                query = f"{WORDS[number % 12]} {WORDS[number // 12 % 12]} {number}"
                asked = max(1, 2000 // (number + 20))
                empty, opened = (number % 9 == 0) * asked, (number % 2) * asked
                rows[query] = (day, query, asked, empty, (number % 7 == 0) * (asked - empty), opened)
            connection.execute(searches.insert(), [dict(zip(names, row, strict=True)) for row in rows.values()])
            told = [{"day": day, "article": f"t/a{n}", "helpful": n % 5, "unhelpful": n % 3} for n in range(300)]
            connection.execute(votes.insert(), told)


def timed(work: Callable[[], object], times: int = 5) -> float:
    """The fastest of a few runs, in milliseconds."""
    found = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return min(found) * 1000


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        file = Path(name, "insights.db")
        url = sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{file}"
        content, index = ROOT / "content", Path(name, "index")
        build(content, index)
        settings = Settings(content=content, index=index, database_url=url, admin_token=TOKEN, insights_days=365)
        app = create_app(settings)
        app.extensions["figures"] = Latest(60, 0)
        store: Store = app.extensions["store"]
        live = app.extensions["library"].snapshot()
        filled(store, count)
        store_module.MOST_QUERIES = 2 * count  # or the oldest days would go
        sums = {days: timed(lambda days=days: insights(store, days, live), 1) for days in store.periods}
        before = file.stat().st_size if file.exists() else 0
        print(f"{count:,} rows; making the sums of a day: {timed(store.renew, 1):,.0f} ms")
        client = app.test_client()
        client.get("/insights", headers={"Authorization": f"Bearer {TOKEN}"})  # templates, proposals
        for days, without in sums.items():
            figures = timed(lambda days=days: insights(store, days, live))
            page = timed(lambda days=days: whole_page(client, days))
            print(f"{days:4} days: figures {figures:5.0f} ms, the page {page:5.0f}; without sums {without:6.0f}")
        flush = {f"新查询 {number}": Counts(1, number % 2) for number in range(1000)}
        print(f"a flush of 1,000 queries: {timed(lambda: store.add_searches(today(), flush)):.0f} ms")
        if before:
            print(f"the database: {before / 1e6:.0f} MB of rows, {file.stat().st_size / 1e6:.0f} with the sums")
        store.close()


def whole_page(client: FlaskClient, days: int) -> None:
    """As the operator's browser waits for it."""
    answer = client.get(f"/insights?days={days}", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200 and "搜得最多" in answer.text


if __name__ == "__main__":
    main()
