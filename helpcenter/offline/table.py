"""The table that makes a saved copy Traditional on the device: what each word and character of this content turns into.

In: the texts that a reader may see. Out: two pairs of strings. Why learned from the content: OpenCC's own dictionaries
weigh a megabyte, and of them only the words are needed that stand here and turn otherwise than their characters; the
device replaces the longest first, from left to right. Each run of Han characters is turned as OpenCC turns it, or the
piece is added that makes it so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from helpcenter.http.traditional import to_traditional

_RUNS = re.compile(r"[\u3400-\u9fff]+")
_LONGEST = 8
"""Characters of a piece; a run that needs a longer one stays a little wrong."""
_ROUNDS = 2
"""A piece learned late may undo an earlier one."""


def traditional_table(texts: Iterable[str]) -> list[str]:
    """Words, what they turn into (each separated by a space), characters, what they turn into.

    Words beyond `texts` turn character by character.
    """
    runs = sorted({run for text in texts for run in _RUNS.findall(text)}, key=lambda run: (len(run), run))
    # One call for all: OpenCC has a fixed cost a call.
    turned = to_traditional("\x1f".join(runs)).split("\x1f")
    single = {one: to_traditional(one) for one in sorted({one for run in runs for one in run})}
    words: dict[str, str] = {}
    for _ in range(_ROUNDS):
        for run, right in zip(runs, turned, strict=True):
            while piece := _missing(run, right, words, single):
                words[piece] = to_traditional(piece)
    used = {run[begin:end] for run in runs for begin, end, _ in _turned(run, words, single)}
    kept = sorted(used & set(words))
    changed = [one for one, right in single.items() if right != one]
    rights = [words[one] for one in kept]
    return [" ".join(kept), " ".join(rights), "".join(changed), "".join(single[one] for one in changed)]


def _turned(run: str, words: Mapping[str, str], single: Mapping[str, str]) -> Iterator[tuple[int, int, str]]:
    """The pieces of `run` as the device turns them: begin, end, what it becomes."""
    at = 0
    while at < len(run):
        sizes = range(min(_LONGEST, len(run) - at), 1, -1)
        size = next((size for size in sizes if run[at : at + size] in words), 1)
        piece = run[at : at + size]
        yield at, at + size, words[piece] if size > 1 else single[piece]
        at += size


def _right_until(run: str, right: str, words: Mapping[str, str], single: Mapping[str, str]) -> tuple[int, int]:
    """Up to where `run` is turned into the beginning of `right`, in characters of both; the end where all of it is."""
    made = 0
    for begin, _, text in _turned(run, words, single):
        if not right.startswith(text, made):
            return begin, made
        made += len(text)
    return len(run), len(right)


def _missing(run: str, right: str, words: Mapping[str, str], single: Mapping[str, str]) -> str | None:
    """The shortest piece of `run` that brings it nearer to `right`; None where it is right, or nothing helps."""
    wrong, made = _right_until(run, right, words, single)
    if wrong == len(run):
        return None
    for size in range(2, _LONGEST + 1):
        for begin in range(max(0, wrong - size + 1), min(wrong, len(run) - size) + 1):
            piece = run[begin : begin + size]
            if (
                piece not in words
                and _right_until(run, right, {**words, piece: to_traditional(piece)}, single)[1] > made
            ):
                return piece
    return None
