"""Batches: many articles prepared, on every core.

In: the changed files, and whom to tell of the progress. Out: their articles and problems. Why processes: jieba
and markdown-it hold the interpreter lock. Why batches: one file is too little work to send. Why a pool only from some
number of files on: starting one costs as much as preparing a few.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from index.building.preparing import Prepared, prepare
from index.model import Problem
from index.site import FilterSpec
from index.text.segmenting import Segmenter, segmenter_for
from index.text.tuning import Tuning

Progress = Callable[[str, int, int], None]
"""Called with the stage's name, how much is done and how much there is."""

_FILES_A_TASK = 16
_PARALLEL_FROM = 24  # files; below, starting a pool costs more than it saves


@dataclass(frozen=True, slots=True)
class File:
    """An article's file as it was read."""

    id: str
    path: str
    raw: bytes
    asks: bytes | None
    """The file of asks beside it, if there is one."""
    digest: str


_segmenter: Segmenter | None = None  # a worker process's own, inherited by fork
_filters: Sequence[FilterSpec] = ()  # likewise


def prepare_all(
    files: list[File], tuning: Tuning, filters: Sequence[FilterSpec], tell: Progress
) -> tuple[dict[str, Prepared], list[Problem]]:
    """Prepare the changed files on every core. Returns the articles by id, and all problems."""
    prepared: dict[str, Prepared] = {}
    problems: list[Problem] = []
    tell("prepare", 0, len(files))
    if not files:
        return prepared, problems
    done = 0
    for batch in _batches(files, tuning, filters):
        for article, found in batch:
            problems.extend(found)
            if article is not None:
                prepared[article.id] = article
        done += len(batch)
        tell("prepare", done, len(files))
    return prepared, problems


def _batches(
    files: list[File], tuning: Tuning, filters: Sequence[FilterSpec]
) -> Iterator[list[tuple[Prepared | None, list[Problem]]]]:
    global _segmenter, _filters
    _filters = filters
    _segmenter = segmenter_for(tuning.words)
    workers = min(os.cpu_count() or 1, 8)
    if len(files) >= _PARALLEL_FROM:
        _segmenter.load()
    tasks = [files[i : i + _FILES_A_TASK] for i in range(0, len(files), _FILES_A_TASK)]
    if len(files) < _PARALLEL_FROM or workers == 1:
        yield from map(_prepare_batch, tasks)
        return
    import multiprocessing  # 20 ms that an incremental build need not take
    from concurrent.futures import ProcessPoolExecutor

    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    with ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context(method),
        initializer=_start_worker,
        initargs=(tuning.words, filters),
    ) as pool:
        yield from pool.map(_prepare_batch, tasks)


def _start_worker(words: Iterable[str], filters: Sequence[FilterSpec]) -> None:
    global _segmenter, _filters
    _filters = filters
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if _segmenter is None:  # spawned, not forked
        _segmenter = segmenter_for(tuple(words))
        _segmenter.load()


def _end_with_parent() -> None:
    """End this worker when its build dies: else it would wait for work forever, and hold the lock that it inherited."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    parent = parent_process()
    if parent:
        wait([parent.sentinel])
        os._exit(1)


def _prepare_batch(files: list[File]) -> list[tuple[Prepared | None, list[Problem]]]:
    assert _segmenter is not None
    return [prepare(file.id, file.path, file.raw, file.asks, file.digest, _segmenter, _filters) for file in files]
