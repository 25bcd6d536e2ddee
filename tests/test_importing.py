"""Importing: foreign files become clean articles; nothing is overwritten; every guess is told."""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path

import pytest
from support import write_files

from index.content.articles import parse
from index.content.checking import check
from index.content.exports import ImportRefused
from index.content.importing import import_files
from index.model import Article


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A help center with one article, whose filter values are the known ones."""
    head = "---\ntitle: 甲\nregion: [法国, 日本]\ncarrier: [Orange, SFR]\nsituation: [丢失]\ndevice: [iPhone]\n---\n"
    return write_files(tmp_path / "content", {"known.md": head})


def foreign(tmp_path: Path, name: str, text: str | bytes) -> Path:
    return write_files(tmp_path / "foreign", {name: text}) / name


def imported(file: Path, content: Path) -> tuple[Article, str, list[str]]:
    (done,) = import_files([file], content, "guides/europe")
    path, notes = done.path, done.notes
    id = path.relative_to(content).with_suffix("").as_posix()
    article, problems = parse(id, f"{id}.md", path.read_bytes())
    assert article is not None, problems
    return article, path.read_text("utf-8"), notes


GUIDE = """# 在法国如何补办 eSIM？一份指南

在法国，eSIM 丢失以后不必惊慌。本文说明怎样向 Orange 申请补卡。Orange 的网站就能办。

步骤
----

### 第一步

打开[官网](https://www.orange.fr/esim?utm_source=tg&id=7&utm_medium=x#top)，也可看[这里](https://a.example/?spm=1.2)。

![设置页](img/设置.png) ![远处](https://a.example/pixel.gif)

```
curl https://a.example/?utm_source=keep
TG: @jx0703
```

---

[TG💪+ @jx0703 ![Image](https://github.com/user-attachments/assets/1)]
"""


def test_markdown_comes_in_clean(tmp_path: Path, content: Path) -> None:
    foreign(tmp_path, "img/设置.png", b"png")
    article, text, notes = imported(foreign(tmp_path, "France eSIM.md", GUIDE), content)
    assert article.id == "guides/europe/france-esim"
    assert article.title == "在法国如何补办 eSIM？一份指南"
    assert article.summary == "在法国，eSIM 丢失以后不必惊慌。"
    assert article.filters == {"region": ("法国",), "carrier": ("Orange",)}
    assert article.sources == ("France eSIM.md",)
    assert [(section.level, section.heading) for section in article.sections] == [(0, ""), (2, "步骤"), (3, "第一步")]
    assert "https://www.orange.fr/esim?id=7#top)" in text and "https://a.example/)" in text
    assert "utm_source=keep" in text, "code is left as it is"
    assert "![设置页](images/france-esim-设置.png)" in text
    assert (content / "guides/europe/images/france-esim-设置.png").read_bytes() == b"png"
    assert "![Image]" not in text and "github.com" not in text and text.count("@jx0703") == 1
    assert text.endswith("```\n")
    told = "\n".join(notes)
    for part in ["TG💪+ @jx0703", "pixel.gif", "跟踪参数", "summary", "region 猜为 法国", "sources", "verified"]:
        assert part in told
    codes = {problem.code for problem in check(content) if problem.path == "guides/europe/france-esim.md"}
    assert codes == {"not-verified"}


def test_front_matter_of_other_systems_is_translated(tmp_path: Path, content: Path) -> None:
    text = (
        "---\ntitle: 乙\ndescription: 一句话\ndate: 2024-05-06\nlayout: post\ncategories: [a, b]\n---\n# 一\n\n# 二\n"
    )
    article, written, notes = imported(foreign(tmp_path, "b.md", text), content)
    assert (article.title, article.summary, str(article.updated), article.tags) == (
        "乙",
        "一句话",
        "2024-05-06",
        ("a", "b"),
    )
    assert [section.heading for section in article.sections] == ["一", "二"]
    assert "layout" not in written and any("layout" in note for note in notes)


PAGE = """<!doctype html><html><head><title>法国补卡 - 某站</title>
<meta name="description" content="讲怎样补卡">
<meta property="article:modified_time" content="2024-05-06T07:08:09Z">
<link rel="canonical" href="https://a.example/guide?utm_source=feed"><script>track()</script></head>
<body><nav>首页</nav><main><h1>法国补卡</h1><p>先<b>报失</b>，再补卡。</p>
<h3>步骤</h3><ol><li>登录</li><li>提交</li></ol>
<table><tr><th>项</th><th>费</th></tr><tr><td>补卡</td><td>10</td></tr></table>
<img src="https://a.example/t.gif" width="1" height="1">
<img src="../secret.png" alt="密">
<pre><code>code_here *x*</code></pre><p onclick="x()">完</p>
<p>扫码关注我们</p></main><footer>版权</footer></body></html>"""


def test_html_comes_in_as_markdown(tmp_path: Path, content: Path) -> None:
    foreign(tmp_path, "../secret.png", b"png")
    article, text, notes = imported(foreign(tmp_path, "page.html", PAGE), content)
    assert (article.title, article.summary, str(article.updated)) == ("法国补卡", "讲怎样补卡", "2024-05-06")
    assert article.sources == ("https://a.example/guide",)
    body = text.split("---\n", 2)[2]
    assert body.startswith("\n先**报失**，再补卡。\n\n## 步骤\n\n1. 登录\n2. 提交\n")
    assert "| 补卡 | 10 |" in body and "code_here *x*" in body
    for gone in ["首页", "版权", "track", "onclick", "关注", "t.gif", "secret.png", "<"]:
        assert gone not in body
    assert "去掉了一个跟踪像素" in notes
    assert not list(content.rglob("*.png"))


def test_other_encodings_are_read_with_a_note(tmp_path: Path, content: Path) -> None:
    article, _, notes = imported(foreign(tmp_path, "old.md", "# 旧文章\n\n中文内容。".encode("gb18030")), content)
    assert article.title == "旧文章" and article.sections[0].text == "中文内容。"
    assert "gb18030" in notes[0]


def test_a_file_without_a_title_takes_its_name(tmp_path: Path, content: Path) -> None:
    article, _, notes = imported(foreign(tmp_path, "how-to.md", "只有正文。"), content)
    assert article.title == "how to" and any("文件名" in note for note in notes)


def test_nothing_is_overwritten_and_nothing_half_done(tmp_path: Path, content: Path) -> None:
    first, second = foreign(tmp_path, "a.md", "# 甲"), foreign(tmp_path, "b.md", "# 乙")
    target = content / "guides" / "b.md"
    target.parent.mkdir()
    target.write_text("# 原来的", "utf-8")
    with pytest.raises(ImportRefused, match="已经存在"):
        import_files([first, second], content, "guides")
    assert target.read_text("utf-8") == "# 原来的"
    assert not (content / "guides" / "a.md").exists()
    with pytest.raises(ImportRefused, match="都会写到"):
        import_files([first, foreign(tmp_path, "x/A.md", "# 甲")], content, "new")
    assert not (content / "new").exists()


@pytest.mark.parametrize("topic", ["../outside", "_search", ".git", "a//b", "a/../b", ""])
def test_a_topic_is_a_plain_path(tmp_path: Path, content: Path, topic: str) -> None:
    with pytest.raises(ImportRefused, match="主题"):
        import_files([foreign(tmp_path, "a.md", "# 甲")], content, topic)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"\x89PNG\0\0", "不是文本"),
        ("# 甲\n\n## 一 {#a}\n\n## 二 {#a}\n".encode(), "重复"),
        (b"<html>" + b"<div>" * 100_000, "嵌套太深"),
    ],
)
def test_what_cannot_become_an_article_is_refused(tmp_path: Path, content: Path, raw: bytes, message: str) -> None:
    with pytest.raises(ImportRefused, match=message):
        import_files([foreign(tmp_path, "a.md", raw)], content, "t")
    with pytest.raises(ImportRefused, match="读不了"):
        import_files([tmp_path / "none.md"], content, "t")
    assert not (content / "t").exists()


def test_open_lists_and_cookie_banners_of_real_pages(tmp_path: Path, content: Path) -> None:
    page = (
        "<html><body><div class='cookie-banner'>接受全部</div><main><h1>甲</h1><ul><li>一<li>二</ul><p>正文"
        "<a href=' java&#10;script:alert(1)'>点我</a></main></body></html>"
    )
    _, text, _ = imported(foreign(tmp_path, "a.html", page), content)
    assert "- 一\n- 二" in text and "接受" not in text and "script" not in text


@pytest.mark.parametrize(
    "link",
    ["[点](javascript:alert(1))", "[点](<JaVa&#x73;cript:x>)", "<javascript:x>", "[点][a]\n\n[a]: javascript:x",
     '<a href="javascript:x">点</a>', "[点](data:text/html,x)", "[点](java%0ascript:x)"],
)  # fmt: skip
def test_links_that_run_something_are_not_written(tmp_path: Path, content: Path, link: str) -> None:
    _, text, notes = imported(foreign(tmp_path, "a.md", f"# 甲\n\n{link}"), content)
    assert "<a href=" not in parse("a", "a.md", text.encode())[0].sections[0].html  # type: ignore[union-attr]
    assert not re.search(r"\(<?j|<j|=\"j|]: j", text, re.IGNORECASE)
    assert any("去掉了链接" in note for note in notes)


def test_a_zip_keeps_folders_links_pictures_and_old_addresses(tmp_path: Path, content: Path) -> None:
    file = tmp_path / "export.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("空间/首页.html", "<html><body><h1>首页</h1><a href='sub/step.html#x'>步骤</a>"
                         "<a href='https://old.example/help/9?utm_source=a'>旧</a></body></html>")  # fmt: skip
        archive.writestr("空间/sub/step.html", "<html><head><link rel=canonical href='https://old.example/help/9'></head>"
                         "<body><h1>步骤</h1><img src='../img/一.png' alt='图'></body></html>")  # fmt: skip
        archive.writestr("空间/img/一.png", b"png")
        archive.writestr("__MACOSX/._x.html", b"\0")
    planned = import_files([file], content, "old", dry_run=True)
    assert not (content / "old").exists() and sorted(one.pictures for one in planned) == [0, 1]
    done = {one.path.relative_to(content).as_posix(): one.path.read_text("utf-8") for one in
            import_files([file], content, "old")}  # fmt: skip
    assert set(done) == {"old/空间/首页.md", "old/空间/sub/step.md"}
    assert "[步骤](/articles/old/空间/sub/step#x)" in done["old/空间/首页.md"]
    assert "[旧](/articles/old/空间/sub/step)" in done["old/空间/首页.md"]
    assert "moved_from: [help/9, 空间/sub/step]" in done["old/空间/sub/step.md"]
    assert (content / "old/空间/sub/images/step-一.png").read_bytes() == b"png"
    assert not [problem for problem in check(content) if problem.level == "fault"]


def test_what_would_take_for_ever_is_refused(tmp_path: Path, content: Path) -> None:
    fifo = tmp_path / "pipe.md"
    os.mkfifo(fifo)
    for file, message in [
        (fifo, "不是普通文件"),
        (foreign(tmp_path, "p.html", "<html>" + "<p>" * 900_000), "个标签"),
        (foreign(tmp_path, "big.md", "# 甲\n\n" + "字" * 2_000_000), "超过 5 MB"),
        (foreign(tmp_path, "bad.zip", b"PK no"), "zip"),
    ]:
        with pytest.raises(ImportRefused, match=message):
            import_files([file], content, "t")
    # Twenty-four comments took 4.7 s, each one more twice as long.
    assert imported(foreign(tmp_path, "c.md", "<!-- a -->\n" * 2000 + "# 甲"), content)[0].title == "甲"


def test_word_files_keep_headings_and_pictures(tmp_path: Path, content: Path) -> None:
    pytest.importorskip("mammoth")
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    kinds = "http://schemas.openxmlformats.org/package/2006/content-types"
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    rels = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    document = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    drawing = "http://schemas.openxmlformats.org/drawingml/2006/"
    image = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"

    def picture(relation: str, words: str) -> str:
        return (
            f'<w:p><w:r><w:drawing><wp:inline><wp:docPr id="1" name="a" descr="{words}"/><a:graphic><a:graphicData>'
            f'<pic:pic><pic:blipFill><a:blip r:embed="{relation}"/></pic:blipFill></pic:pic>'
            "</a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"
        )

    heading = '<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>报失</w:t></w:r></w:p>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{kinds}">{rels}'
        f'<Default Extension="xml" ContentType="{document}"/><Default Extension="png" ContentType="image/png"/>'
        '<Default Extension="emf" ContentType="image/x-emf"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{relations}"><Relationship Id="r" Type="{office}" '
        'Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{relations}">'
        f'<Relationship Id="p1" Type="{image}" Target="media/1.png"/>'
        f'<Relationship Id="p2" Type="{image}" Target="media/2.emf"/></Relationships>',
        "word/media/1.png": "\x89PNG",
        "word/media/2.emf": "emf",
        "word/document.xml": f'<w:document xmlns:w="{word}" xmlns:r="{office.rpartition("/")[0]}" '
        f'xmlns:a="{drawing}main" xmlns:pic="{drawing}picture" xmlns:wp="{drawing}wordprocessingDrawing">'
        f"<w:body>{heading}"
        f"<w:p><w:r><w:t>先打电话。</w:t></w:r></w:p>{picture('p1', '挂失的按钮')}{picture('p2', '流程图')}"
        "</w:body></w:document>",
    }
    file = tmp_path / "a.docx"
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text.encode("latin-1") if name.endswith(".png") else text)
    article, text, notes = imported(file, content)
    assert article.title == "报失"
    assert "先打电话。\n\n![挂失的按钮](images/a-picture-1.png)\n\n流程图\n" in text
    assert (content / "guides/europe/images/a-picture-1.png").read_bytes() == b"\x89PNG"
    assert any("picture-2.x-emf：不在原文件旁边，或格式不支持" in note for note in notes)
