"""Logs: what the server writes about itself, in lines that no request can forge.

In: log records, whatever a path, a header or an exception's text contains. Out: on standard error, a record a line; a
traceback's further lines are indented. Why in the formatter: every record passes here, those of libraries included, so
no caller can forget it. Why no time: systemd, Docker and terminals' users add their own.
"""

from __future__ import annotations

import copy
import logging
import re
from typing import Any

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that control a terminal, change the direction of text, or begin a new line."""


class OneLine(logging.Formatter):
    """A record as one line, with control and direction characters as escapes. A traceback follows, line by line."""

    def format(self, record: logging.LogRecord) -> str:
        """Called by logging. A record keeps the traceback that another handler wrote for it, so take a copy without."""
        own = copy.copy(record)
        own.exc_text = None
        return super().format(own)

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Called by logging."""
        return escaped(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:
        """Called by logging. Indented, or an exception's text could pretend to be the next record."""
        return "\n".join(f"  {escaped(line)}" for line in super().formatException(ei).split("\n"))


def escaped(text: str) -> str:
    """`text` with what CONTROL finds as `\\uXXXX`."""
    return CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def write_lines() -> None:
    """Send all records from warnings up through `OneLine`. Call it before workers are forked."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
