"""Keys: the number that stands for a word, a pair of characters or a character in the posting lists.

In: folded text. Out: 64-bit keys. Why numbers: they sort, search and merge as numpy arrays. The two highest bits say
which kind of term it is, so that each kind lies together.
"""

from __future__ import annotations

import hashlib

FIELDS = ("asks", "title", "aliases", "heading", "body")
"""What is searched of a section, in the order of its record: what nobody sees comes first, the body last."""
FIELD_BREAK, SECTION_BREAK = "\x1f", "\x1e"

CHARACTER_BITS = 21
HAN_BITS = 18
"""No Han character lies beyond (`folding.HAN`)."""
GRAM_TAG, WORD_TAG = 1 << 62, 2 << 62
SYLLABLE_BITS = 10
"""Bits for the number of a syllable; there are about 430."""


def word_key(word: str) -> int:
    """The 64-bit key of a word: tag 2 and 62 bits of its BLAKE2b hash; a million words clash at 1 : 9 million."""
    digest = hashlib.blake2b(word.encode(), digest_size=8).digest()
    return WORD_TAG | int.from_bytes(digest, "little") >> 2


def gram_key(pair: str) -> int:
    """The 64-bit key of two adjacent Han characters: tag 1 and both code points."""
    return GRAM_TAG | ord(pair[0]) << CHARACTER_BITS | ord(pair[1])


def gram_text(key: int) -> str:
    """The two characters of a `gram_key`."""
    character = (1 << CHARACTER_BITS) - 1
    return chr(key >> CHARACTER_BITS & character) + chr(key & character)


def character_key(character: str) -> int:
    """The 64-bit key of one Han character: its code point."""
    return ord(character)
