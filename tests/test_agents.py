"""Agents and integrators: tools by the SDK's own client, Markdown for whoever asks, articles as JSON, `/api`."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

LOST = "replacement/france-lost"


def call(program: Path, index: Path, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
    """What `helpcenter mcp` answers to some calls, in order."""
    pytest.importorskip("mcp")
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client

    async def session() -> list[Any]:
        server = StdioServerParameters(command=str(program), args=["mcp", "--index", str(index)], cwd=str(index.parent))
        async with Client(stdio_client(server)) as client:
            listed = await client.list_tools()
            assert {tool.name for tool in listed.tools} == {"search", "read", "guide"}
            return [await client.call_tool(name, arguments) for name, arguments in calls]

    # In a thread: the browser of other tests has a loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(session())).result()


def words(answer: Any) -> str:
    return "".join(block.text for block in answer.content)


def test_an_agent_searches_reads_and_walks_a_guide(program: Path, site_index: Path) -> None:
    found, whole, part, guides, state, wrong, missing, long = call(
        program,
        site_index,
        ("search", {"query": "法国 丢失", "filters": {"region": ["法国"]}, "limit": 3}),
        ("read", {"article": LOST}),
        ("read", {"article": LOST, "section": "report-loss"}),
        ("guide", {}),
        ("guide", {"id": "replace"}),
        ("guide", {"id": "replace", "answers": ["nowhere"]}),
        ("read", {"article": "none"}),
        ("search", {"query": "长" * 201}),
    )
    hits = json.loads(words(found))["results"]
    assert len(hits) == 3 and hits[0]["article"] == LOST and {"verified", "stale", "url"} <= set(hits[0])
    assert f"/articles/{LOST}" in words(whole) and "title:" in words(whole)
    assert "#report-loss" in words(part) and len(words(part)) < len(words(whole))
    assert "replace" in words(guides) and json.loads(words(state))["question"]["options"]
    assert wrong.is_error and "nowhere" in words(wrong)
    assert missing.is_error and "search" in words(missing)
    assert long.is_error


def test_pages_answer_as_markdown(client: FlaskClient) -> None:
    asked = {"Accept": "text/markdown"}
    article = client.get(f"/articles/{LOST}", headers=asked)
    assert article.mimetype == "text/markdown" and article.text.startswith("---\ntitle: ")
    for path in ("/", "/search?q=丢失", "/topics/replacement", "/guides", "/zh-hant/topics/replacement"):
        page = client.get(path, headers=asked)
        assert page.mimetype == "text/markdown" and "Accept" in page.headers["Vary"]
        assert "<html" not in page.text and "](" in page.text
    assert client.get("/articles/none", headers=asked).status_code == 404
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    assert client.get(f"/articles/{LOST}", headers=browser).mimetype == "text/html"


def test_articles_as_json(client: FlaskClient) -> None:
    listed = client.get("/api/v1/articles?limit=5&offset=2")
    assert len(listed.json["articles"]) == 5 and listed.json["total"] > 50
    assert "\\u" not in listed.get_data(as_text=True)
    one = client.get(f"/api/v1/articles/{LOST}").json
    assert one["filters"]["region"] and one["sections"][0]["html"] and one["markdown"].startswith("---")
    missing = client.get("/api/v1/articles/none")
    assert missing.status_code == 404 and "/api/v1/articles" in missing.json["error"]["message"]
    assert client.get("/api/v1/articles?limit=0").status_code == 400


def test_whole_texts_for_language_models_and_feed_readers(client: FlaskClient) -> None:
    full = client.get("/llms-full.txt").text
    assert f"/articles/{LOST} -->" in full and full.count("\ntitle: ") > 50
    feed = client.get("/feed.atom").text
    assert '<content type="html">&lt;' in feed and "=&#34;/articles" not in feed
    assert "/llms-full.txt" in client.get("/llms.txt").text
    assert "/api/" not in re.findall(r"Disallow: (\S+)", client.get("/robots.txt").text)
    assert 'href="/llms.txt"' in client.get("/").text


def test_the_api_page_names_every_address_and_field(client: FlaskClient) -> None:
    page = client.get("/api").text
    described = client.get("/openapi.json").json
    for path in described["paths"]:
        assert path in page
    for schema in described["components"]["schemas"].values():
        assert all(f"<code>{name}</code>" in page for name in schema["properties"])


def test_mcp_over_http_needs_a_host_and_a_port(run: Any) -> None:
    assert run("mcp", "--http", "8765").returncode == 2
    assert sys.version_info >= (3, 11)
