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
"""Characters of a passage, two lines on a desk. A shorter text is shown whole."""
LONGEST = 120
"""A sentence this long is shown whole; of a longer one some LENGTH characters are."""
NEAR = 84
"""The first match stands within so many characters, two lines on a phone."""

_MOST_MARKS = 60  # occurrences looked at in one section
_SENTENCE = re.compile("[。！？；!?…]+[”’」』）)]*|\\n")
_STOP = 8  # characters of a sentence's end, quotes and brackets included; few have more than two
_PAUSE = re.compile("(?s:.*)[，、：,.;!? ]")
"""Up to the end of the last pause."""
_ENDS = ("。", "！", "？", "；", "，", "：", "…")
_OPEN, _CLOSE = "\x1e", "\x1f"  # no text holds them: they separate the records of the index


def spans(folded: str, marks: Sequence[str]) -> list[tuple[int, int]]:
    """Return where `marks` stand in `folded`, in order, overlaps joined."""
    found: list[tuple[int, int]] = []
    for mark in marks:
        size = len(mark)
        at = folded.find(mark)
        latin = mark[0] < "\x7f"
        while at >= 0 and len(found) < _MOST_MARKS:
            # A Latin word is marked from its beginning only: `port` is no match inside `export`.
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


def snippet(text: str, folded: str, lines: str, marks: Sequence[str], around: int = 0) -> str:
    """Return the passage of `text` with the most matched characters, marked and escaped.

    It begins and ends with a sentence, a list's item or a table's row; an ellipsis stands only where a sentence too
    long to be shown is cut. `around`: a place that is shown where nothing is marked. `lines`: what each line is, as of
    `sanitizing.py`; lines beyond it are plain.
    """
    found = spans(folded, marks)
    if len(text) <= LENGTH:
        return _shown(text, 0, len(text), found, lines)
    begin, end, before, after = _window(text, found or [(around, around)])
    passage = _shown(text, begin, end, found, lines)
    return f"{'…' * before}{passage}{'…' * after}"


def first_steps(text: str, folded: str, lines: str, marks: Sequence[str], most: int) -> tuple[tuple[str, ...], int]:
    """Return up to `most` items of the first numbered list, marked and escaped, and how many it has.

    A list of one item counts as none.
    """
    first = lines.find("1")
    if first < 0 or "2" not in lines:
        return (), 0
    after = lines[first + 1 :]
    length = len(after) - len(after.lstrip("2+-"))
    places = [first, *(first + 1 + at for at, kind in enumerate(after[:length]) if kind == "2")]
    if len(places) < 2:
        return (), 0
    written, plain = text.split("\n"), folded.split("\n")
    steps = tuple(_escaped(_mark(written[at], 0, len(written[at]), spans(plain[at], marks))) for at in places[:most])
    return steps, len(places)


def _mark(text: str, begin: int, end: int, found: Sequence[tuple[int, int]]) -> str:
    """`text` from `begin` to `end`, what was found between signs that stand for the marks."""
    pieces: list[str] = []
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
    return "".join(pieces)


def _escaped(passage: str) -> str:
    return escape(passage).replace(_OPEN, "<mark>").replace(_CLOSE, "</mark>")


def _shown(text: str, begin: int, end: int, found: Sequence[tuple[int, int]], lines: str) -> str:
    """The passage in one line: items keep their marks, a row reads 项目：值; a table's head stays where marked."""
    number = text.count("\n", 0, begin)
    pieces: list[str] = []
    at, kind = begin, "."
    while at < end:
        stop = text.find("\n", at, end)
        stop = end if stop < 0 else stop
        kind = lines[number] if number < len(lines) else "."
        piece = _mark(text, at, stop, found)
        whole = at == 0 or text[at - 1] == "\n"
        if kind in "|=":
            if kind == "|" or _OPEN in piece:
                label, *values = piece.strip("\t").split("\t")
                row = label + ("" if label.endswith(("：", ":")) else "：") + "，".join(values) if values else label
                pieces.append(row + ("" if row.endswith(_ENDS) else "；"))
        elif kind == ":":
            pieces.append(piece + "：")
        elif whole and kind in "12":
            pieces.append(f"{_number(lines, number)}. {piece}")
        else:
            pieces.append(f"• {piece}" if whole and kind == "-" else piece)
        at, number = stop + 1, number + 1
    if kind == ":" and len(pieces) > 1:  # the word over a callout, without the callout
        pieces.pop()
    return _escaped(" ".join(pieces).replace("\t", " ").strip(" ").removesuffix("；"))


def _number(lines: str, at: int) -> int:
    """Which item of its list a line is."""
    return lines.count("2", lines.rfind("1", 0, at + 1), at + 1) + 1


def _window(text: str, found: Sequence[tuple[int, int]]) -> tuple[int, int, bool, bool]:
    """Choose the passage: where it begins and ends, and whether it cuts a sentence there."""
    best = _densest(text, found)
    line = text.rfind("\n", 0, best) + 1
    begin = _last(text, best - NEAR, best, line) if best - line > NEAR // 2 else line
    before = best - begin > NEAR - 24
    if before:  # so long a sentence would hide the match: from the pause before it on
        pause = _PAUSE.match(text, best - 30, best)
        begin = pause.end() if pause else best - 16
    end = _end(text, begin, best)
    if not end:
        return begin, _cut(text, begin, found), before, True
    return begin if before else _earlier(text, begin, end, best), end, before, False


def _end(text: str, begin: int, best: int) -> int:
    """Where the last sentence ends that fits, or else the first that is not too long; 0 where there is none."""
    last = 0
    for stop in _SENTENCE.finditer(text, best, begin + LONGEST):
        end = stop.end()
        if end > best:
            if end - begin > LENGTH:
                return last or end
            last = end
    return len(text) if len(text) <= begin + (LENGTH if last else LONGEST) else last


def _last(text: str, near: int, until: int, line: int) -> int:
    """Where the last sentence of a line ends between `near` and `until`; where none does, the line's beginning."""
    last = line
    for stop in _SENTENCE.finditer(text, max(line, near - _STOP), until):
        last = stop.end()
    return last


def _earlier(text: str, begin: int, end: int, best: int) -> int:
    """Where a passage may begin that has room left, since a long sentence follows: with a sentence before it."""
    while begin:
        line = text.rfind("\n", 0, begin - 1) + 1
        earlier = _last(text, end - LENGTH, begin - 1, line)
        if end - earlier > LENGTH or best - earlier > NEAR - 4:
            break
        begin = earlier
    return begin


def _cut(text: str, begin: int, found: Sequence[tuple[int, int]]) -> int:
    """Where a sentence too long ends: at a pause, never within a match."""
    end = begin + LENGTH
    least = max([begin + LENGTH // 2, *(right for _, right in found if right <= end)])
    pause = _PAUSE.match(text, least, end)
    end = pause.end() if pause else end
    return next((left for left, right in found if left < end < right and left > begin), end)


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
