"""`asks`: what readers typed before they opened an article, so that its author can write it down as an ask (相似问).

In: the database, the index, an article's id. Out: each query, how often, and where the search has it now: as an ask, at
a section of the article, or not among the first hits. Why only what was opened: a query alone does not say which
article would have been right, a reader who picked one from the results does.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from helpcenter.commands.insights import padded
from helpcenter.commands.options import index_option, open_snapshot, printable
from helpcenter.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from index import ArticlePage, Snapshot

FIRST = 10
"""Hits among which a query should find the article."""


@click.command(short_help="读者打开一篇文章之前搜了什么")
@click.argument("article")
@click.option("--days", metavar="N", type=click.IntRange(1, 3650), help="看最近几天（含今天）；默认为保留的全部天数。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
@index_option
def asks(article: str, days: int | None, as_json: bool, index_folder: Path) -> None:
    """读者从搜索结果里打开 ARTICLE 之前搜了什么；还搜不到的，可以写成它的相似问。"""
    from helpcenter.store.records import StoreUnavailable
    from helpcenter.store.store import Store

    settings = load_settings()
    live = open_snapshot(index_folder)
    page = live.page(article)
    if page is None:
        raise click.UsageError(f"没有文章 {article}；文章的编号是它的路径去掉 .md，例如 {_example(live)}")
    store = Store(settings.database_url, settings.insights_days, settings.feedback_texts)
    try:
        opened = store.openings(days or settings.insights_days, article)
    except StoreUnavailable as error:
        raise click.ClickException(f"{error}。请检查 HELPCENTER_DATABASE_URL。") from None
    finally:
        store.close()
    rows = [_row(query, opened[query], page, live) for query in sorted(opened, key=lambda one: (-opened[one], one))]
    if as_json:
        click.echo(json.dumps({"article": article, "queries": rows}, ensure_ascii=False, indent=2))
    elif not rows:
        click.echo(f"最近还没有人从搜索结果里打开 {article}。")
    else:
        lines = [f"打开 {article} 之前搜的："]
        lines += [f"{row['opened']:>5} 次  {padded(row['query'])} {_told(row)}" for row in rows]
        lines.append(f"要加相似问，写在 {article}.asks.yml 里相应的小节下，再运行 helpcenter index。")
        click.echo(printable("\n".join(lines)))


def _row(query: str, opened: int, page: ArticlePage, live: Snapshot) -> dict[str, Any]:
    """One query. `section`: the anchor it leads to, None where the first hits do not have the article."""
    from index import fold

    known = next((one.anchor for one in page.article.sections if query in map(fold, one.asks)), None)
    hits = live.search(query, limit=FIRST).hits
    found = next(((at, hit.section) for at, hit in enumerate(hits, 1) if hit.article == page.article.id), None)
    section = known if known is not None else found[1] if found else None
    return {
        "query": query,
        "opened": opened,
        "ask": known is not None,
        "section": section,
        "place": found[0] if found else None,
    }


def _told(row: dict[str, Any]) -> str:
    where = f"#{row['section']}" if row["section"] else "开头"
    if row["ask"]:
        return f"已是相似问：{where}"
    return f"第 {row['place']} 条：{where}" if row["place"] else f"前 {FIRST} 条里没有这篇"


def _example(live: Snapshot) -> str:
    return next((card.id for card in live.cards()), "topic/name")
