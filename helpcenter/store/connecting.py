"""Connecting: one database, reached by transactions that fail in one way.

In: a URL, statements. Out: rows; `StoreUnavailable` for whatever goes wrong, so that callers have one thing to expect.
The engine is made at first use and again after a fork: the server loads the application before it forks.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from helpcenter.store.database import PATIENCE, create_tables, open_engine, shown, transaction
from helpcenter.store.records import StoreUnavailable


class Connected:
    """A database at `url`, safe among threads and processes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine: sa.Engine | None = None
        self._process = 0
        self._lock = Lock()

    def close(self) -> None:
        """Close all connections; the next call opens new ones."""
        with self._lock:
            if self._engine is not None and self._process == os.getpid():
                self._engine.dispose()
            self._engine = None

    def _read(self, statement: sa.Select[Any], seconds: float = PATIENCE) -> list[tuple[Any, ...]]:
        with self._transaction(seconds) as connection:
            return [tuple(row) for row in connection.execute(statement)]

    @contextmanager
    def _transaction(self, seconds: float) -> Iterator[sa.Connection]:
        with self._faults(), transaction(self._open(), seconds) as connection:
            yield connection

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, OSError, ImportError) as error:
            self.close()  # tables may have vanished with a file, connections with a server
            reason = str(getattr(error, "orig", None) or error).strip().splitlines() or [type(error).__name__]
            raise StoreUnavailable(f"数据库 {shown(self.url)} 用不了：{reason[0]}") from error

    def _open(self) -> sa.Engine:
        with self._lock:
            if self._engine is not None and self._process == os.getpid():
                return self._engine
        engine = open_engine(self.url)  # nobody holds the lock meanwhile: each waits once, and not for all before it
        try:
            create_tables(engine)
        except BaseException:
            engine.dispose()
            raise
        with self._lock:
            self._engine, self._process = engine, os.getpid()
        return engine
