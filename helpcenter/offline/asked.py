"""Asked: which words the ways readers ask for the sections of one file hold, in a few characters each.

In: for each section how often each word (its number) stands in its asks. Out: four strings of numbers, each one
character, `#` for 0. Why no sentences: a device ranks by the words, and nobody reads them there; they weigh a third.
Why word by word and not section by section: most words are asked of few sections, side by side (19 KB for 26).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_FIRST = ord("#")


def asked(sections: Sequence[Mapping[int, int]]) -> tuple[str, str, str, str]:
    """The words (gaps between their numbers), in how many sections each stands, which (gaps again), and how often.

    `sections`: for each section of a file, the number of each word in its asks and how often it stands there.
    """
    found: dict[int, list[tuple[int, int]]] = {}
    for section, words in enumerate(sections):
        for word, times in words.items():
            found.setdefault(word, []).append((section, times))
    places = sorted(found)
    return (
        _written(_gaps(places)),
        _written([len(found[word]) for word in places]),
        _written([gap for word in places for gap in _gaps([section for section, _ in found[word]])]),
        _written([times for word in places for _, times in found[word]]),
    )


def _gaps(ascending: Sequence[int]) -> list[int]:
    return [number - before - 1 for before, number in zip([-1, *ascending], ascending, strict=False)]


def _written(numbers: Sequence[int]) -> str:
    return "".join(chr(_FIRST + number) for number in numbers)
