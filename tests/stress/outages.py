"""Outages: three nodes of OpenSearch are killed, hung, cut off and restarted under load; every answer is compared.

In: seconds for each outage (60), how often (1), and a word of those that are wanted (all). Out: a table: answers,
errors, answers that differ from our own engine's (short ones too), the slowest; then a total for each outage.
`python tests/stress/outages.py 60 5`, `python tests/stress/outages.py 20 1 hung`. Exit code 1 where anything failed,
differed or was slow, or where a node did not come back; the outages after it are tried all the same.
"""

from __future__ import annotations

import signal
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from nodes import Nodes, missing

from index import Snapshot, build, open_library, read_judgements, rollback

ROOT = Path(__file__).parents[2]
ASKING = 4
"""Readers at once."""
PAUSE = 0.15
SLOWEST = 4.0
Answer = tuple[int, tuple[tuple[str, str], ...]]


def answer(snapshot: Snapshot, query: str) -> Answer:
    results = snapshot.search(query)
    return results.total, tuple((hit.article, hit.section) for hit in results.hits)


@dataclass(slots=True)
class Tally:
    """What readers met."""

    answers: int = 0
    different: int = 0
    slowest: float = 0.0
    errors: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    """What went wrong with the outage itself: a node that did not come back, a build that failed."""

    def add(self, other: Tally) -> None:
        self.answers += other.answers
        self.different += other.different
        self.slowest = max(self.slowest, other.slowest)
        self.errors += other.errors
        self.odd += other.odd

    def is_bad(self) -> bool:
        return bool(self.errors or self.odd or self.different or self.slowest > SLOWEST or not self.answers)

    def show(self, name: str) -> None:
        print(f"| {name} | {self.answers} | {len(self.errors)} | {self.different} | {self.slowest:.1f} |", flush=True)


class Load:
    """Readers who ask until told to stop. `expected`: by the snapshot's identity and the query."""

    def __init__(self, index: Path, engine: str, expected: dict[tuple[str, str], Answer]) -> None:
        self._library = open_library(index, engine=engine)
        self._expected = expected
        self._going = threading.Event()
        self._lock = threading.Lock()
        self._tally = Tally()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(ASKING)]

    def take(self) -> Tally:
        """What readers met since it was last taken."""
        with self._lock:
            taken, self._tally = self._tally, Tally()
        return taken

    def _ask(self, number: int) -> None:
        queries = sorted({query for _, query in self._expected})[number::ASKING]
        while not self._going.is_set():
            for query in queries:
                began = time.monotonic()
                try:
                    snapshot = self._library.snapshot()
                    same = answer(snapshot, query) == self._expected[snapshot.id, query]
                    error = ""
                except Exception as failed:  # whatever it is, a reader would have seen it, and the others ask on
                    same, error = True, f"{type(failed).__name__} {failed}"[:300]
                took = time.monotonic() - began
                with self._lock:
                    self._tally.add(Tally(1, not same, took, [error] if error else []))
                if self._going.wait(PAUSE):
                    return

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._going.set()
        for thread in self._threads:
            thread.join()


def main(seconds: float, times: int, wanted: str) -> int:
    """Print the table; 1 where anything failed, differed or was slow."""
    if lacking := missing():
        print(f"outages: {lacking}")
        return 0
    with tempfile.TemporaryDirectory() as folder, Nodes(3, lines=True) as nodes:
        nodes.wait(3, "green")
        engine = f"opensearch+http://{','.join(nodes.hosts)}/outages"
        index, content = Path(folder) / "index", Path(folder) / "content"
        judged = read_judgements(ROOT / "tests" / "judgements" / "own.tsv")
        asked = list(dict.fromkeys(one.query for one in judged))[::4]
        expected: dict[tuple[str, str], Answer] = {}

        def publish(version: int) -> None:
            content.mkdir(exist_ok=True)
            for path in (ROOT / "content").rglob("*"):
                target = content / path.relative_to(ROOT / "content")
                if path.is_dir():
                    target.mkdir(exist_ok=True)
                else:
                    target.write_bytes(path.read_bytes())
            (content / "outage.md").write_text(f"# 第{version}版\n\n手机丢失，先报失，再补卡。\n", "utf-8")
            beside = Path(folder) / f"own{version}"
            build(content, beside)
            ours = open_library(beside).snapshot()
            expected.update({(ours.id, query): answer(ours, query) for query in asked})
            build(content, index, engine=engine)

        def kill(number: int) -> None:
            nodes.end(number)
            time.sleep(seconds)
            nodes.start(number)

        def hang(number: int) -> None:
            nodes.tell(number, signal.SIGSTOP)
            time.sleep(seconds)
            nodes.tell(number, signal.SIGCONT)

        def cut(number: int) -> None:
            nodes.cut(number)
            time.sleep(seconds)
            nodes.mend(number)

        def restart_all() -> None:
            for number in range(3):
                nodes.end(number, signal.SIGTERM)
                nodes.start(number)
                all_back()

        def swap() -> None:
            publish(2)
            time.sleep(seconds / 4)
            rollback(index, engine=engine)
            time.sleep(seconds / 4)

        def all_back() -> None:
            nodes.wait(3, "green")

        def other() -> int:
            return (nodes.manager() + 1) % 3

        outages: list[tuple[str, Callable[[], None]]] = [
            ("nothing", lambda: time.sleep(seconds)),
            ("a node killed", lambda: kill(other())),
            ("the manager killed", lambda: kill(nodes.manager())),
            ("a node hung", lambda: hang(other())),
            ("the manager hung", lambda: hang(nodes.manager())),
            ("a node cut off", lambda: cut(other())),
            ("the manager cut off", lambda: cut(nodes.manager())),
            ("rolling restart", restart_all),
            ("new index and rollback", swap),
        ]
        publish(1)
        totals: defaultdict[str, Tally] = defaultdict(Tally)
        print("| outage | answers | failed | different | slowest, s |\n|---|---|---|---|---|", flush=True)
        with Load(index, engine, expected) as load:
            for name, outage in [one for one in outages if wanted in one[0]] * times:
                load.take()
                odd = []
                for step in (outage, all_back):
                    try:
                        step()
                    except Exception as failed:  # told, and the next outage begins with three nodes all the same
                        said = " ".join(str(failed)[-300:].split())
                        odd.append(f"{type(failed).__name__} {said}; nodes started again: {nodes.recover()}")
                tally = load.take()
                tally.odd += odd
                tally.show(name)
                for told in [*tally.odd, *sorted(set(tally.errors))[:3]]:
                    print(f"  {told}", flush=True)
                totals[name].add(tally)
        for name, tally in totals.items():
            tally.show(f"{times} times {name}")
        return int(any(tally.is_bad() for tally in totals.values()))


if __name__ == "__main__":
    seconds, times, wanted, *_ = [*sys.argv[1:], *("60", "1", "")[len(sys.argv) - 1 :]]
    sys.exit(main(float(seconds), int(times), wanted))
