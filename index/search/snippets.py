"""Snippets: the best passage of a section, in the reader's original text, with every true match marked.

In: a section's body as written and folded (equally long), and the folded texts to mark. Out: HTML-escaped text with
`<mark>`.
Why find() and not a regular expression: an alternation compiled for each new query costs 100 µs and more; ten marks
found in ten sections take 60.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

LENGTH = 96
"""Characters of a passage, two lines on a desk. A shorter text is shown whole: to begin it at its first mark, which two
lines on a phone may not reach, was tried, and hid the sentence that answers."""

_MOST_MARKS = 60  # occurrences looked at in one section
_CLAUSE = re.compile("(?s:.*)[。！？；\n]")
_PAUSE = re.compile("(?s:.*)[，、：,.;!? ]")
"""Up to the end of the last clause, or pause."""
_OPEN, _CLOSE = "\x1e", "\x1f"  # no text holds them: they separate the records of the index


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
    begin, end = _window(text, found) if len(text) > LENGTH else (0, len(text))
    pieces = ["…"] if begin else []
    at = begin
    for left, right in found:
        if right <= begin:
            continue
        if left >= end:
            break
        left, right = max(left, begin), min(right, end)
        pieces += (text[at:left], _OPEN, text[left:right], _CLOSE)
        at = right
    pieces.append(text[at:end])
    if end < len(text):
        pieces.append("…")
    passage = escape("".join(pieces).replace("\n", " ").replace("\t", " ").strip(" "))
    return passage.replace(_OPEN, "<mark>").replace(_CLOSE, "</mark>")


def _window(text: str, found: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Choose the passage: most different matched characters, cut at clause boundaries where one is near."""
    best = _densest(text, found)
    begin = max(0, best - 16)
    if best <= 24:
        begin = 0
    else:  # the nearest end of a clause before the first match, or else a pause
        near = max(0, best - 30)
        last = _CLAUSE.match(text, near, best) or _PAUSE.match(text, near, best)
        begin = last.end() if last else begin
    end = min(len(text), begin + LENGTH)
    if end < len(text):
        least = begin + LENGTH // 2
        for _, right in found:
            if least < right <= end:
                least = right
        last = _CLAUSE.match(text, least, end)
        end = last.end() if last else end
    return begin, end


def _densest(text: str, found: Sequence[tuple[int, int]]) -> int:
    """Where the matches begin that a passage should show: a new piece counts by its length, a repeated one little."""
    if not found or found[-1][1] <= found[0][0] + LENGTH - 12:  # all of them fit
        return found[0][0] if found else 0
    pieces = [text[left:right] for left, right in found]
    everything = 3 * sum(map(len, set(pieces)))
    count = len(found)
    best = found[0][0]
    value = best_value = after = 0
    inside: dict[str, int] = {}
    for number, (begin, end) in enumerate(found):
        while after < count and found[after][1] <= begin + LENGTH - 12:
            piece = pieces[after]
            inside[piece] = times = inside.get(piece, 0) + 1
            value += 1 if times > 1 else 3 * len(piece)
            after += 1
        if value > best_value:
            best, best_value = begin, value
        if after == count or value >= everything:  # from here on matches only leave, or there is little to gain
            break
        if after == number:  # a match longer than a passage
            after += 1
            continue
        piece = pieces[number]
        inside[piece] = times = inside[piece] - 1
        value -= 1 if times else 3 * (end - begin)
    return best
