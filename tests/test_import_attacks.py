"""Importing what means ill: bombs, nesting, damaged archives, files that point at files of this machine.

In: Word files and zips made for the purpose. Out: `ImportRefused`, or an article with nothing of the outside in it.
"""

from __future__ import annotations

import contextlib
import zipfile
from pathlib import Path

import pytest
from support import write_files

from index.content.exports import ImportRefused
from index.content.importing import import_files


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """An empty help center."""
    return write_files(tmp_path / "content", {})


WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
KINDS = "http://schemas.openxmlformats.org/package/2006/content-types"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
RELS = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
DOCUMENT = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def word_file(tmp_path: Path, document: str, **more: str) -> Path:
    """A Word file around the XML of its text."""
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{KINDS}">{RELS}'
        f'<Default Extension="xml" ContentType="{DOCUMENT}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{RELATIONS}"><Relationship Id="r" Type="{OFFICE}" '
        'Target="word/document.xml"/></Relationships>',
        "word/document.xml": document,
    }
    file = tmp_path / "w.docx"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (parts | more).items():
            archive.writestr(name, text)
    return file


def text_of(body: str, before: str = "") -> str:
    return f'{before}<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'


PARAGRAPH = "<w:p><w:r><w:t>字</w:t></w:r></w:p>"
LAUGHS = "".join(f'<!ENTITY {chr(98 + level)} "{f"&{chr(97 + level)};" * 10}">' for level in range(8))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (text_of(PARAGRAPH * 300_000), "解开后太大"),
        (text_of("<w:p>" * 50_000 + "</w:p>" * 50_000), "嵌套得太深"),
        (text_of("<w:tbl><w:tr><w:tc>" * 3000 + PARAGRAPH + "</w:tc></w:tr></w:tbl>" * 3000), "嵌套得太深"),
        (text_of("<w:p>&i;</w:p>", f'<!DOCTYPE x [<!ENTITY a "{"a" * 100}">{LAUGHS}]>'), "不是完好的 Word"),
        ("<w:document", "不是完好的 Word"),
        ("", "不是完好的 Word"),
    ],
    ids=["a bomb", "deep paragraphs", "deep tables", "laughs", "broken", "empty"],
)
def test_word_files_that_mean_ill_are_refused(tmp_path: Path, content: Path, document: str, message: str) -> None:
    pytest.importorskip("mammoth")
    with pytest.raises(ImportRefused, match=message):
        import_files([word_file(tmp_path, document)], content, "t")


def test_word_files_and_zips_read_nothing_outside(tmp_path: Path, content: Path) -> None:
    pytest.importorskip("mammoth")
    secret = tmp_path / "secret.png"
    secret.write_text("S3CRET")
    entity = text_of(PARAGRAPH.replace("字", "&i;字"), f'<!DOCTYPE x [<!ENTITY i SYSTEM "{secret.as_uri()}">]>')
    blip = (
        '<w:p><w:r><w:drawing><wp:inline><a:graphic><a:graphicData><pic:pic><pic:blipFill><a:blip r:link="p"/>'
        "</pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"
    )
    drawing = "http://schemas.openxmlformats.org/drawingml/2006/"
    names = (
        f'xmlns:r="{OFFICE.rpartition("/")[0]}" xmlns:a="{drawing}main" xmlns:pic="{drawing}picture" '
        f'xmlns:wp="{drawing}wordprocessingDrawing" xmlns:w='
    )
    linked = {
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{RELATIONS}">'
        f'<Relationship Id="p" TargetMode="External" Type="{OFFICE.rpartition("/")[0]}/image" '
        f'Target="{secret.as_uri()}"/></Relationships>'
    }
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("a.md", "# 甲\n\n![图](../secret.png) ![图](/secret.png)")
        archive.writestr("../secret.png", "x")
        archive.writestr("../evil.md", "# 乙")
    linking = text_of(PARAGRAPH + blip).replace("xmlns:w=", names)
    word_file(tmp_path, entity).rename(tmp_path / "entity.docx")
    word_file(tmp_path, linking, **linked).rename(tmp_path / "link.docx")
    for number, name in enumerate(("entity.docx", "link.docx", "z.zip")):
        with contextlib.suppress(ImportRefused):
            import_files([tmp_path / name], content, f"t{number}")
    written = [file.read_bytes() for file in content.rglob("*") if file.is_file()]
    assert not any(b"S3CRET" in raw for raw in written)
    assert not list(tmp_path.glob("evil*")) and not list(content.glob("evil*"))


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_damaged_zip_is_refused(tmp_path: Path, content: Path, method: int) -> None:
    file = tmp_path / "z.zip"
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("a.md", "# 甲\n\n" + "".join(str(number**2) for number in range(3000)))
    raw = bytearray(file.read_bytes())
    raw[60:90] = b"\xff" * 30
    file.write_bytes(raw)
    with pytest.raises(ImportRefused, match=r"z\.zip"):
        import_files([file], content, "t")
