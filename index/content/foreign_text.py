"""Foreign text: bytes of any encoding become text, and text its lines, with what is code and what is a comment.

In: bytes, text. Out: text; nothing here knows what an article is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from index.content.exports import ImportRefused

_CHARSET = re.compile(rb"<meta[^>]{0,200}charset=[\"']?([\w-]{1,40})", re.IGNORECASE)
_FENCE = re.compile(r" {0,3}(```|~~~)")


def decode(raw: bytes, shown: str) -> tuple[str, str]:
    """The text, and its encoding where that is not UTF-8. Raises ImportRefused, `shown` in its message."""
    if b"\0" in raw and raw[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise ImportRefused(f"{shown} 不是文本文件：只能导入 Markdown 或 HTML")
    declared = _CHARSET.search(raw[:4096])
    for encoding in ["utf-8-sig", *([declared[1].decode()] if declared else []), "utf-16", "gb18030"]:
        if encoding == "utf-16" and raw[:2] not in (b"\xff\xfe", b"\xfe\xff"):
            continue
        with suppress(UnicodeDecodeError, LookupError):
            return raw.decode(encoding), "" if encoding == "utf-8-sig" else encoding
    raise ImportRefused(f"{shown} 的编码认不出来：另存为 UTF-8 再导入")


def after_comments(text: str) -> str:
    """What follows the space and comments at the top. A regular expression for both took 2ⁿ steps for n comments."""
    text = text.lstrip()
    while text.startswith("<!--") and (end := text.find("-->")) >= 0:
        text = text[end + 3 :].lstrip()
    return text[:200]


def without_comments(text: str) -> str:
    """`text` without HTML comments; one that never ends stays."""
    kept, at = [], 0
    while (begin := text.find("<!--", at)) >= 0 and (end := text.find("-->", begin)) >= 0:
        kept.append(text[at:begin])
        at = end + 3
    return "".join(kept) + text[at:]


def with_code(body: str) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is in a fenced code block."""
    fence = ""
    for line in body.split("\n"):
        match = _FENCE.match(line)
        if match and not fence:
            fence = match[1]
            yield line, True
        elif match and match[1] == fence:
            fence = ""
            yield line, True
        else:
            yield line, bool(fence)
