"""A help center of another trade: a bank's, with filters, words and colours of its own, and nothing of ours in it."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import zlib
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from support import client_of, write_files

from helpcenter import create_app
from helpcenter.http.traditional import html_to_traditional
from helpcenter.settings import Settings
from index import build

SITE = """\
name: 星海银行帮助
short_name: 星海
description: 银行卡和网上银行，一步一步写清楚。
colours: {accent: "#7a1f3d"}
hero: {title: 您好, text: 说说您要办什么。}
tiles:
- {label: 挂失, urgency: now, first: 先挂失。, guide: lost}
- {label: 改密码, urgency: self, first: 带上证件。, article: card/password}
- {label: 开户, search: 开户, filters: {account: 储蓄}}
search: {example: 挂失, tips: [挂失, 密码]}
footer: 您的钱，您做主。
contacts:
  hotline: {name: 客服热线, phone: 95000, hours: 全天, filters: {account: 储蓄}}
filters:
- {name: account, label: 账户}
- {name: channel, label: 渠道}
support: https://bank.example/contact
legal:
- {label: 隐私, article: card/password}
- {label: 条款, url: https://bank.example/terms}
"""
ARTICLES = {
    "card/lost.md": "account: [储蓄, 信用]\nchannel: 柜台\nverified: 2020-01-01\n",
    "card/password.md": "account: 储蓄\nchannel: [柜台, 网上银行]\nexpires: 2020-01-01\n",
}
GUIDE = """\
title: 挂失向导
start: where
questions:
  where: {ask: 在哪里办？, options: [{answer: desk, label: 柜台, to: done}]}
outcomes:
  done: {title: 去柜台挂失, steps: [card/lost#go], contact: hotline}
"""
OURS = re.compile(
    "e-?sim|(?<![a-z])sim(?![a-z])|iphone|运营商|電信業者|地区|地區|法国|法國|新喀|补卡|補卡|换机|換機|丢失|遺失|二维码|激活"
    "|region|carrier|situation|device|卡是你的|先别急|运营商|套餐|漫游|停机|流量|france|orange|replacement|努美阿|门号|(?<![a-z])eid",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The content folder of a bank."""
    content = tmp_path_factory.mktemp("bank") / "content"
    text = "---\ntitle: {}\nsummary: 两步办好。\n{}---\n\n## 去办理 {{#go}}\n\n带上证件。\n"
    titles = {"card/lost.md": "挂失银行卡", "card/password.md": "修改密码"}
    articles = {name: text.format(titles[name], front) for name, front in ARTICLES.items()}
    return write_files(content, articles | {"_guides/lost.yml": GUIDE, "_site.yml": SITE})


@pytest.fixture(scope="module")
def client(bank: Path) -> FlaskClient:
    return client_of(bank)


def visible(text: str) -> str:
    """What readers and programs get of an answer, less what every page has of HTML, HTTP and scripts."""
    # How to save a site on an iPhone is told to every reader of every site.
    text = re.sub(r'<i data-offline-word="ios">.*?</i>', "", text)
    text = re.sub(r'role="region"|width=device-width|(?<=[?&]v=)[0-9a-f]+', "", text)
    return "\n".join(line for line in text.split("\n") if not line.lstrip().startswith("//"))


def addresses(client: FlaskClient) -> Iterator[str]:
    """Every address that the site links to, in both scripts, and those that programs ask for."""
    waiting = ["/", "/search", "/search?q=挂失", "/search?q=zzzz", "/guides", "/nothing-here", "/insights"]
    waiting += [f"/zh-hant{path}" for path in waiting]
    waiting += ["/embed.js", "/feed.atom", "/site.webmanifest", "/openapi.json", "/api/v1/search?q=挂失", "/site.css"]
    waiting += ["/opensearch.xml", "/llms.txt", "/robots.txt", "/sitemap.xml", "/api/v1/guides/lost"]
    waiting += ["/api", "/llms-full.txt", "/api/v1/articles", "/api/v1/articles/card/lost", "/offline.json", "/sw.js"]
    seen: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path in seen or path.startswith("/static/"):
            continue
        seen.add(path)
        yield path
        answer = client.get(path)
        if answer.mimetype == "text/html":
            links = re.findall(r'(?:href|src|hx-get)="([^"#]+)', answer.text)
            waiting += [link for link in links if link.startswith("/") and not urlsplit(link).netloc]


def _unpacked(text: str) -> str:
    """The one file with its packed texts as they are read; packed, they spell any three letters by chance."""
    return re.sub(r"(?<=data-pack>)[^<]+", lambda found: zlib.decompress(b64decode(found[0])).decode(), text)


def test_a_bank_finds_nothing_of_ours_anywhere(client: FlaskClient) -> None:
    visited = 0
    for path in addresses(client):
        answer = client.get(path)
        assert answer.status_code in (200, 301, 302, 303, 401, 403, 404), path
        text = visible(_unpacked(answer.text))
        found = OURS.search(text)
        assert not found, f"{path}: {text[max(found.start() - 80, 0) : found.end() + 80]}"
        visited += 1
    assert visited > 40


def test_its_own_words_are_where_they_belong(client: FlaskClient) -> None:
    home = client.get("/").text
    for words in ("星海银行帮助", "您好", "说说您要办什么。", "如：挂失", "您的钱，您做主。", "先挂失。", "立即"):
        assert words in home, words
    for link in ("/guides/lost", "/articles/card/password", "/search?q=%E5%BC%80%E6%88%B7&amp;account="):
        assert f'href="{link}' in home, link
    assert '<a href="https://bank.example/terms">条款</a>' in home
    assert '<a href="https://bank.example/contact">' in home
    assert "比如只写“挂失”“密码”" in client.get("/search?q=zzzz").text
    assert "内容可能已经变化，请先核实。" in client.get("/articles/card/password").text
    assert "已超过 180 天，内容请以官方公布的为准。" in client.get("/articles/card/lost").text
    manifest = client.get("/site.webmanifest").get_json(force=True)
    assert (manifest["name"], manifest["short_name"]) == ("星海银行帮助", "星海")
    assert "<ShortName>星海银行帮助</ShortName>" in client.get("/opensearch.xml").text
    assert "银行卡和网上银行，一步一步写清楚。" in client.get("/llms.txt").text
    filters = [one["name"] for one in client.get("/openapi.json").json["paths"]["/api/v1/search"]["get"]["parameters"]]
    assert filters == ["q", "limit", "offset", "account", "channel", "topic"]


def test_its_colours_are_a_style_sheet_and_nothing_inline(client: FlaskClient) -> None:
    home = client.get("/").text
    address = re.findall(r'<link rel="stylesheet" href="(/site\.css\?v=[0-9a-f]{12})">', home)[0]
    assert home.index("/static/app.css") < home.index(address)
    assert client.get(address).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.get("/site.css?v=0").headers["Cache-Control"] == "no-store"
    (frame,) = (one["url"] for one in client.get("/offline.json").json["files"] if "/frame-" in one["url"])
    assert address in client.get(frame).json
    sheet = client.get("/site.css")
    assert sheet.mimetype == "text/css"
    assert "--accent: #7a1f3d;" in sheet.text
    band = re.findall(r"--band: (#\w{6});", sheet.text)[0]
    assert f'<meta name="theme-color" content="{band}"' in home
    assert "<style" not in home
    assert '<link rel="icon" href="/site-icon.svg">' in home
    drawn = client.get("/site-icon.svg")
    assert drawn.mimetype == "image/svg+xml"
    assert band in drawn.text
    assert client.get("/site.webmanifest").get_json(force=True)["icons"][0]["src"] == "/site-icon.svg"


def test_settings_of_the_machine_go_before_the_file(bank: Path) -> None:
    own = Settings(index=bank.parent / "index", site_name="测试站", support_url="mailto:a@b.example")
    home = create_app(own).test_client().get("/").text
    assert "<title>测试站</title>" in home
    assert 'href="mailto:a@b.example"' in home
    assert "bank.example/contact" not in home


def test_a_site_in_one_script_has_no_mirror(content: Path) -> None:
    (content / "_site.yml").write_text("languages: {traditional: false}\ntheme: dark\n", "utf-8")
    client = client_of(content)
    home = client.get("/").text
    assert '<html lang="zh-Hans" data-theme="dark">' in home
    assert "zh-hant" not in home.replace('data-language="zh-hant"', "").lower()
    assert "zh-hant" not in client.get("/sitemap.xml").text.lower()
    assert client.get("/zh-hant/").status_code == 404
    client.set_cookie("language", "zh-hant")
    assert client.get("/", headers={"Accept": "text/html"}).status_code == 200


def test_the_mirror_says_what_the_site_wants_it_to_say(tmp_path: Path) -> None:
    words = "languages: {words: {硬碟: 儲存碟}}\n"
    content = write_files(tmp_path / "content", {"a.md": "# 硬盘坏了\n\n换硬盘。\n", "_site.yml": words})
    client = client_of(content)
    assert "換儲存碟。" in client.get("/zh-hant/articles/a").text
    assert "換硬碟" in html_to_traditional("换硬盘")


def test_the_logo_is_a_picture_of_the_content(content: Path) -> None:
    write_files(content, {"_media/logo.png": b"\x89PNG\r\n\x1a\n", "_site.yml": "logo: _media/logo.png\n"})
    client = client_of(content)
    assert '<img src="/media/_media/logo.png" alt=""' in client.get("/").text
    assert '<link rel="icon" href="/media/_media/logo.png">' in client.get("/").text
    assert client.get("/media/_media/logo.png").data == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("names", [["a", "b"], ["deep/er/a"], ["a", "deep/er/b", "deep/_topic", "c/d/e", "c/d/_topic"]])
def test_links_lead_from_the_home_page_to_every_article_and_nowhere_else(tmp_path: Path, names: list[str]) -> None:
    """However folders are nested, and where there are none."""
    client = client_of(write_files(tmp_path / "content", {f"{name}.md": f"# {name}\n\n文\n" for name in names}))
    seen, wanted = set(), ["/"]
    while wanted:
        path = wanted.pop()
        seen.add(path)
        answer = client.get(path)
        assert answer.status_code == 200, path
        links = re.findall(r'<a [^>]*href="(/[^"#]*)', answer.text)
        wanted += {link for link in links if not link.startswith("/zh-hant")} - seen - set(wanted)
    assert {f"/articles/{name}" for name in names if not name.endswith("_topic")} <= seen
    assert "/guides" not in seen, "there are none"
    assert 'href="/articles/' in client.get("/search").text
    assert client.get("/offline.json").status_code == client.get("/download").status_code == 200


def test_topics_are_drawn_as_they_say_then_as_their_folder_is_called(tmp_path: Path) -> None:
    files = {
        "cards/_topic.md": "---\nicon: safety\n---\n",
        "cards/a.md": "# 甲\n",
        "travel/b.md": "# 乙\n",
        "c/c.md": "# 丙\n",
    }
    home = client_of(write_files(tmp_path / "content", files)).get("/").text
    drawn = dict(re.findall(r'href="/topics/(\w+)"><svg[^>]*><use href="[^"#]*#([\w-]+)"', home))
    assert drawn == {"cards": "safety", "travel": "travel", "c": "page"}


def test_a_rebuilt_site_shows_its_new_name_at_once(content: Path) -> None:
    (content / "_site.yml").write_text("name: 旧名\n", "utf-8")
    client = client_of(content)
    assert "<title>旧名</title>" in client.get("/").text
    (content / "_site.yml").write_text("name: 新名\n", "utf-8")
    build(content, content.with_name("index"))
    time.sleep(0.3)  # the library looks at the folder five times a second
    assert "<title>新名</title>" in client.get("/").text


def test_the_server_reads_no_yaml(bank: Path, client: FlaskClient) -> None:
    look = (
        "import sys\nfrom pathlib import Path\nfrom helpcenter import create_app\n"
        "from helpcenter.settings import Settings\n"
        "client = create_app(Settings(index=Path(sys.argv[1]))).test_client()\n"
        "for path in ('/', '/search?q=挂失', '/articles/card/lost', '/guides/lost', '/site.css', '/openapi.json'):\n"
        "    assert client.get(path).status_code == 200, path\n"
        "print([name for name in ('yaml', 'jsonschema', 'imagesize') if name in sys.modules])\n"
    )
    seen = subprocess.run(
        [sys.executable, "-c", look, bank.parent / "index"], capture_output=True, text=True, check=True, cwd=bank.parent
    )
    assert seen.stdout.strip() == "[]"
