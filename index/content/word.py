"""Word: a document becomes HTML, its pictures files beside it.

In: the bytes of a `.docx`. Out: HTML as `webpages.py` reads it, and the pictures by the names it gives them. mammoth
reads styles as headings and lists; it would put pictures into the HTML as `data:` addresses, which nobody can reuse.
"""

from __future__ import annotations

import zipfile
import zlib
from io import BytesIO
from typing import Any
from xml.parsers.expat import ExpatError

from index.content.exports import MAX_BYTES, MAX_DOCUMENT, ImportRefused

_ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp"}


def read_word(raw: bytes, shown: str) -> tuple[str, dict[str, bytes]]:
    """The document as HTML, and its pictures by the address they have there.

    A drawing that no browser shows has an address without a file. Raises ImportRefused, `shown` in its message.
    """
    try:
        import mammoth
    except ImportError:
        raise ImportRefused(f"导入 Word 文件 {shown} 需要 mammoth：pip install 'helpcenter[word]'") from None
    pictures: dict[str, bytes] = {}

    def keep(image: Any) -> dict[str, str]:
        ending = _ENDINGS.get(image.content_type, image.content_type.rpartition("/")[2] or "bin")
        address = f"_word/picture-{len(pictures) + 1}.{ending}"
        with image.open() as file:
            pictures[address] = file.read()
        return {"src": address}

    try:
        with zipfile.ZipFile(BytesIO(raw)) as parts:
            sizes = {part.filename: part.file_size for part in parts.infolist()}
            # mammoth takes 4 s and 70 MB for each MB of XML.
            text = sum(size for name, size in sizes.items() if not name.startswith("word/media/"))
            if text > MAX_DOCUMENT or sum(sizes.values()) > MAX_BYTES:
                raise ImportRefused(f"{shown} 解开后太大：拆成几篇再导入")
        html = mammoth.convert_to_html(BytesIO(raw), convert_image=mammoth.images.img_element(keep)).value
    except RecursionError:
        raise ImportRefused(f"{shown} 嵌套得太深：用 Word 另存为 .docx 再导入") from None
    except (zipfile.BadZipFile, zlib.error, ExpatError, EOFError, KeyError, ValueError) as error:
        raise ImportRefused(f"{shown} 不是完好的 Word 文件：用 Word 另存为 .docx 再导入（{error}）") from error
    return f"<html><body>{html}</body></html>", pictures
