"""`search`, `evaluate`, `explain`: ask the index on the terminal what the web page asks it.

In: a query, or files of judged queries. Out: hits to read, the API's JSON, figures, or the reasons of one match.
Why `search` goes through the same snapshot call as the page: what an operator sees here is what a reader sees there.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from helpcenter.commands.options import existing_file, index_option, open_snapshot, query_text

if TYPE_CHECKING:
    from index import Hit, Results


@click.command(short_help="在终端里搜索")
@click.argument("query", metavar="QUERY", callback=query_text)
@index_option
@click.option("--limit", metavar="N", type=click.IntRange(1, 100), default=10, show_default=True, help="最多几条。")
@click.option("--json", "as_json", is_flag=True, help="输出与 /api/v1/search 相同的 JSON。")
def search(query: str, index_folder: Path, limit: int, as_json: bool) -> None:
    """搜索，列出最合适的小节，与 /api/v1/search 相同；网页把同一篇的小节合在一起。"""
    snapshot = open_snapshot(index_folder)
    results = snapshot.search(query, limit=limit)
    if as_json:
        from helpcenter.api.results_json import results_to_json

        click.echo(json.dumps(results_to_json(results, snapshot.find_guides(query)), ensure_ascii=False, indent=2))
    else:
        click.echo(readable(results))


def readable(results: Results) -> str:
    """The hits as paragraphs, marked words in bold."""
    blocks = []
    if results.suggestion:
        blocks.append(f"您是不是要找：{results.suggestion}")
    blocks += [readable_hit(number, hit) for number, hit in enumerate(results.hits, 1)]
    if not results.hits:
        blocks.append(f"没有找到“{results.query}”。试试更短的词，或检查是否有错字。")
    else:
        blocks.append(f"共 {results.total} 条，显示 {len(results.hits)} 条，用时 {results.took_ms:.1f} 毫秒。")
    return "\n\n".join(blocks)


def readable_hit(number: int, hit: Hit) -> str:
    """One hit: where it stands, its address, its text."""
    from werkzeug.urls import uri_to_iri

    from index import LAYERS

    place = f"{hit.title} › {hit.heading}" if hit.heading else hit.title
    layer = next((f"（{layer.label}）" for layer in LAYERS[1:] if layer.name == hit.matched), "")
    marked = re.sub("<mark>(.*?)</mark>", lambda found: click.style(found[1], bold=True), hit.snippet, flags=re.DOTALL)
    return f"{number:>2}. {place}{layer}\n    {uri_to_iri(hit.url)}\n    {html.unescape(marked)}"


def file_if_given(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    """The file, which must exist, or None."""
    return existing_file(context, parameter, value) if value else None


def layer_names(context: click.Context, option: click.Parameter, value: str | None) -> list[str] | None:
    """The names in `--layers`, or None where all are meant."""
    from index import LAYERS

    known = [layer.name for layer in LAYERS]
    names = [name.strip() for name in value.split(",")] if value else None
    for name in names or ():
        if name not in known:
            raise click.BadParameter(f"没有叫「{name}」的层；有：{'、'.join(known)}。")
    return names


@click.command(short_help="用评判过的查询衡量搜索")
@click.option(
    "--queries", metavar="FILE", type=click.Path(path_type=Path), callback=file_if_given,
    help="查询，每行 qid<TAB>查询；配合 --qrels。",
)  # fmt: skip
@click.option(
    "--qrels", metavar="FILE", type=click.Path(path_type=Path), callback=file_if_given,
    help="评判，每行 qid<TAB>文章<TAB>相关度。",
)  # fmt: skip
@index_option
@click.option("--limit", metavar="N", type=click.IntRange(1), default=50, show_default=True,
              help="配合 --queries：每个查询取几篇。")  # fmt: skip
@click.option("--run", "run_path", metavar="FILE", type=click.Path(path_type=Path),
              help="配合 --queries：另把排名写成 TREC 文件。")  # fmt: skip
@click.option("--layers", metavar="NAME,…", callback=layer_names,
              help="配合 --queries：只用这几层，例如 words,substring；默认全部。")  # fmt: skip
@click.option(
    "--judgements", metavar="FILE", type=click.Path(path_type=Path), callback=file_if_given,
    help="查询和评判在一个文件里：每行 [类别<TAB>]查询<TAB>文章[#小节]<TAB>等级；按类别列出，小节也算。",
)  # fmt: skip
@click.option("--totals", is_flag=True, help="配合 --judgements：只列总数。")
@click.option("--each", is_flag=True, help="配合 --queries：先列出每个查询的 nDCG@10，差的在前。")
def evaluate(
    queries: Path | None,
    qrels: Path | None,
    index_folder: Path,
    limit: int,
    run_path: Path | None,
    layers: list[str] | None,
    judgements: Path | None,
    totals: bool,
    each: bool,
) -> None:
    """用评判过的查询衡量搜索：nDCG@10、MRR@10、Recall@10、Recall@50、success@1、zero-result rate。"""
    import index

    if judgements:
        if run_path or layers or each:
            raise click.UsageError("--run、--layers、--each 只能配合 --queries 和 --qrels，不能配合 --judgements。")
        try:
            figures = index.judge(open_snapshot(index_folder), index.read_judgements(judgements))
        except ValueError as error:
            raise click.ClickException(str(error)) from None
        click.echo(table({"all": figures["all"]} if totals and figures else figures, index.FIGURES))
        return
    if not (queries and qrels):
        raise click.UsageError("请给出 --queries 和 --qrels，或 --judgements。")
    try:
        evaluation = index.evaluate(open_snapshot(index_folder), queries, qrels, limit, run_path, layers)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    if each:
        for qid, own in sorted(evaluation.by_query.items(), key=lambda item: item[1]["nDCG@10"]):
            click.echo(f"{own['nDCG@10']:.4f} {qid} {evaluation.texts[qid]}")
    width = max(map(len, evaluation.measures))
    for name, value in evaluation.measures.items():
        click.echo(f"{name:<{width}} {value:.4f}")


def table(figures: dict[str, dict[str, float]], names: Sequence[str]) -> str:
    """One line a figure, one column a kind of query."""
    kinds, width = list(figures), max(map(len, names))
    lines = [" " * width + "".join(f"{kind:>10}" for kind in kinds)]
    for name in names:
        own = (figures[kind].get(name) for kind in kinds)
        cells = ("-" if value is None else f"{value:.0f}" if name == "queries" else f"{value:.3f}" for value in own)
        lines.append(f"{name:<{width}}" + "".join(f"{cell:>10}" for cell in cells))
    return "\n".join(lines)


@click.command(short_help="说明一篇文章为何（没）被找到")
@click.argument("query", metavar="QUERY", callback=query_text)
@click.argument("place", metavar="ARTICLE[#SECTION]")
@index_option
def explain(query: str, place: str, index_folder: Path) -> None:
    """说明 ARTICLE（或其中一节）为何被 QUERY 找到或没被找到：分词、命中的层、各部分得分。"""
    article_id, _, anchor = place.removeprefix("/articles/").partition("#")
    snapshot = open_snapshot(index_folder)
    page = snapshot.page(article_id)
    if page is None:
        raise click.ClickException(f"没有文章 {article_id}。编号是文件路径去掉 .md，例如 start/write-articles。")
    anchors = [section.anchor for section in page.article.sections if section.anchor]
    if anchor and anchor not in anchors:
        raise click.ClickException(f"文章 {article_id} 没有小节 {anchor}；它有：{'、'.join(anchors) or '无'}。")
    click.echo(snapshot.explain(query, article_id, anchor or None))
