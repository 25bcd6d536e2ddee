"""Tools: what an agent can ask of a help center.

In: an engine, whose live snapshot is taken anew at each call. Out: an `MCPServer` of the official SDK. Inputs are
bounded as the API's are; what is wrong with one is said in the tool's error, with the way out.
Why so few tools: an agent reads all descriptions before it does anything.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from helpcenter.api.articles import is_stale, section_to_markdown
from helpcenter.api.guides import state_to_json
from helpcenter.api.results_json import results_to_json
from helpcenter.guides.walking import Astray, walk
from helpcenter.pages.views import LONGEST_QUERY, MOST_HITS, MOST_OFFSET
from index import Engine, IndexUnavailable, Snapshot

INSTRUCTIONS = (
    "{name}的帮助文章（简体中文）。先用 search 找到小节，再用 read 读全文；情况要一步步问清时用 guide。"
    "回答时给出 url，并说明 verified（核实日期）；stale 为真时提醒读者内容可能过时。"
)


def tools(engine: Engine, base_url: str = "") -> MCPServer:
    """The server. `base_url` goes before every address; empty, they stay relative."""

    def live() -> Snapshot:
        try:
            return engine.snapshot()
        except IndexUnavailable as error:
            raise ToolError(str(error)) from None

    name = _name(engine)
    server = MCPServer("helpcenter", title=name, instructions=INSTRUCTIONS.format(name=name))

    @server.tool(title="搜索帮助文章")
    def search(
        query: Annotated[str, Field(max_length=LONGEST_QUERY, description="读者的问题，整句或关键词都可以")],
        filters: Annotated[
            dict[str, list[str]] | None, Field(description='筛选，如 {"topic": ["start"]}；可用的值见结果的 facets')
        ] = None,
        limit: Annotated[int, Field(ge=1, le=MOST_HITS)] = 10,
        offset: Annotated[int, Field(ge=0, le=MOST_OFFSET)] = 0,
    ) -> dict[str, Any]:
        """按问题搜索，一条结果是文章的一节，最好的在前；answered 为假表示没有文章回答这个问题。"""
        snapshot = live()
        try:
            found = snapshot.search(query, filters or {}, limit, offset)
        except IndexUnavailable as error:
            raise ToolError(str(error)) from None
        results = results_to_json(found, snapshot.find_guides(query))
        cards = {card.id: card for card in snapshot.cards()}
        for hit in results["results"]:
            card = cards[hit["article"]]
            hit["url"] = base_url + hit["url"]
            hit["verified"] = str(card.verified) if card.verified else None
            hit["stale"] = is_stale(card.verified, card.expires, _today())
        return results

    @server.tool(title="读一篇文章或其中一节")
    def read(
        article: Annotated[str, Field(max_length=500, description="文章编号，如 search 结果里的 article")],
        section: Annotated[str | None, Field(max_length=200, description="小节的锚点；不给则读全文")] = None,
    ) -> str:
        """文章的 Markdown 原文，或其中一节；开头注明地址、核实日期和是否可能过时。"""
        snapshot = live()
        page = snapshot.page(article)
        if page is None and (moved := snapshot.moved(article)):
            page = snapshot.page(moved.partition("#")[0])
        if page is None:
            raise ToolError(f"没有文章 {article}。先用 search 找到文章编号。")
        found = page.article
        part = next((one for one in found.sections if one.anchor == section), None)
        if section and part is None:
            anchors = "、".join(one.anchor for one in found.sections if one.anchor)
            raise ToolError(f"文章 {found.id} 里没有小节 {section}。有：{anchors}")
        address = f"{base_url}/articles/{found.id}" + (f"#{section}" if section else "")
        stale = "，可能已过时" if is_stale(found.verified, found.expires, _today()) else ""
        head = f"> {address} · 核实：{found.verified or '未核实'}{stale}\n\n"
        return head + (section_to_markdown(found, part) if part and section else found.source)

    @server.tool(title="走一步向导")
    def guide(
        id: Annotated[str | None, Field(max_length=200, description="向导编号；不给则列出全部向导")] = None,
        answers: Annotated[list[str] | None, Field(max_length=20, description="到目前为止的回答，按顺序")] = None,
    ) -> dict[str, Any]:
        """按回答走一步：返回下一个问题和选项，或最后的步骤。"""
        snapshot = live()
        if not id:
            return {"guides": [{"id": one.id, "title": one.title, "summary": one.summary} for one in snapshot.guides()]}
        found = snapshot.guide(id)
        if found is None:
            raise ToolError(f"没有向导 {id}。有：{'、'.join(one.id for one in snapshot.guides()) or '（没有）'}")
        try:
            return state_to_json(snapshot, walk(found, tuple(answers or ())))
        except Astray as astray:
            options = state_to_json(snapshot, astray.walk)
            raise ToolError(f"{astray}，请从这里选：{options}") from None

    return server


def _name(engine: Engine) -> str:
    try:
        return engine.snapshot().site().name
    except IndexUnavailable:
        return "帮助中心"


def _today() -> date:
    return date.today()  # noqa: DTZ011 the day at the server's place
