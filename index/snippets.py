"""Snippets: the best passage of a section, in the reader's original text, with every true match marked.

In: a section's record as written and folded (equally long), and the folded texts to mark. Out: HTML-escaped text with
`<mark>`.
Why find() and not a regular expression: an alternation compiled for each new query costs 100 µs and more; ten marks
found in ten sections take 60.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

LENGTH = 96
"""Characters of a passage, about two lines on a phone."""

_MOST_MARKS = 60  # occurrences looked at in one section
_CLAUSE = "。！？；\n"
_PAUSE = "，、：,.;!? "


def spans(folded: str, marks: Sequence[str]) -> list[tuple[int, int]]:
    """Return where `marks` stand in `folded`, in order, overlaps joined."""
    found: list[tuple[int, int]] = []
    for mark in marks:
        size = len(mark)
        at = folded.find(mark)
        latin = mark[0] < "\x7f"
        while at >= 0 and len(found) < _MOST_MARKS:
            # A Latin word is marked from its beginning only: `sim` is no match inside `esim`.
            if not latin or at == 0 or not (folded[at - 1].isascii() and folded[at - 1].isalnum()):
                found.append((at, at + size))
            at = folded.find(mark, at + size)
    found.sort()
    joined: list[tuple[int, int]] = []
    for begin, end in found:
        if joined and begin <= joined[-1][1]:
            if end > joined[-1][1]:
                joined[-1] = (joined[-1][0], end)
        else:
            joined.append((begin, end))
    return joined


def snippet(text: str, folded: str, marks: Sequence[str]) -> str:
    """Return the passage of `text` with the most matched characters, marked and escaped."""
    found = spans(folded, marks)
    begin, end = _window(text, found)
    pieces = ["…"] if begin else []
    at = begin
    for left, right in found:
        if right <= begin or left >= end:
            continue
        left, right = max(left, begin), min(right, end)
        pieces += (escape(text[at:left]), "<mark>", escape(text[left:right]), "</mark>")
        at = right
    pieces.append(escape(text[at:end]))
    if end < len(text):
        pieces.append("…")
    return "".join(pieces).replace("\n", " ").replace("\t", " ").strip()


def _window(text: str, found: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Choose the passage: most different matched characters, cut at clause boundaries where one is near."""
    if len(text) <= LENGTH:
        return 0, len(text)
    best, best_value = 0, -1
    for number, (begin, _) in enumerate(found):
        seen: set[str] = set()
        value = 0
        for left, right in found[number:]:
            if right > begin + LENGTH - 12:
                break
            piece = text[left:right]
            value += 3 * (right - left) if piece not in seen else 1
            seen.add(piece)
        if value > best_value:
            best, best_value = begin, value
    begin = max(0, best - 16)
    for stops in (_CLAUSE, _PAUSE):  # the nearest end of a clause before the first match
        cut = max(text.rfind(stop, max(0, best - 30), best) for stop in stops)
        if cut >= 0:
            begin = cut + 1
            break
    if best <= 24:
        begin = 0
    end = min(len(text), begin + LENGTH)
    cut = max(text.rfind(stop, begin + LENGTH // 2, end) for stop in _CLAUSE)
    last = max((right for _, right in found if right <= end), default=0)
    if end < len(text) and cut + 1 >= max(last, begin + 1):
        end = cut + 1
    return begin, end
