"""How large the database gets under a flood that never ends: as many queries, reasons and tries as every bound lets in.

In: days of flood (`growth.py 15`). Out: megabytes of the SQLite file after each few days, for queries of 20 characters
and of 200.
"""

from __future__ import annotations

import random
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from helpcenter.feedback.views import LONGEST_TEXT
from helpcenter.store.records import Counts, Limit
from helpcenter.store.store import MOST_A_DAY, Store, today

HAN = "".join(map(chr, range(0x4E00, 0x5E00)))
EACH = 4000
"""Queries of one flush; a worker writes every five seconds."""


def flood(store: Store, days: int, length: int, file: Path) -> None:
    """Fill day after day with queries nobody asked before."""
    rng = random.Random(length)
    for ago in range(days - 1, -1, -1):
        for _ in range(MOST_A_DAY // EACH + 1):
            queries = {"".join(rng.choices(HAN, k=length)): Counts(1, 1) for _ in range(EACH)}
            store.add_searches(today() - timedelta(days=ago), queries)
        store.sweep()
        if ago % 3 == 0:
            rows = sum(counts.asked for counts in store.searches_by_day(days).values())
            print(f"{length:4} characters, day {days - ago:3}: {rows:8,} queries, {size(file):4.0f} MB", flush=True)


def size(file: Path) -> float:
    """Megabytes, the log beside it included."""
    return sum(one.stat().st_size for one in file.parent.glob(f"{file.name}*")) / 1e6


def main() -> None:
    days = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    for length in (20, 200):
        with tempfile.TemporaryDirectory() as name:
            file = Path(name, "growth.db")
            store = Store(f"sqlite:///{file}", days=365)
            for number in range(300):
                store.vote(f"t/a{number}", True)
                store.add_reason("t/a0", "", "字" * LONGEST_TEXT)
                store.allow([Limit("feedback", f"192.0.2.{number}", 3000)])
            flood(store, days, length, file)
            store.close()


if __name__ == "__main__":
    main()
