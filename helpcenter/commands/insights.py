"""`insights`: what readers searched for and said, what failed, and one command for each proposed fix.

In: the database, the index, the articles. Out: figures with bars of text, JSON, or the outcome of one applied proposal.
Why proposals are worked out anew each time: content and index move on, and an id stands for the change, not for a row.
"""

from __future__ import annotations

import json
import shlex
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import click

from helpcenter.commands.options import content_option, existing_file, index_option, open_snapshot, printable
from helpcenter.settings import load_settings

if TYPE_CHECKING:
    from helpcenter.insights.figures import Insights
    from helpcenter.insights.improving import Outcome
    from helpcenter.insights.proposals import Verdict

WIDTH = 24
"""Columns of the longest bar."""
LABEL = 30
"""Columns of the words before a bar; a Chinese character takes two."""
MOST_TOUCHED = 10
"""Past queries shown with their hits before and after, the most frequent first."""


@click.command(short_help="读者搜了什么、评价如何、怎样改进")
@click.option("--days", metavar="N", type=click.IntRange(1, 3650), help="看最近几天（含今天）；默认为保留的全部天数。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
@click.option("--apply", "identity", metavar="ID", help="试用一条改进建议，列出前后的结果，问过再采用；变差则不采用。")
@click.option("--yes", is_flag=True, help="配合 --apply：不问就采用。")
@click.option("--done", metavar="ARTICLE", help="这篇文章的读者意见处理过了，不再列出。")
@click.option("--csv", "table", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
              help="把搜索、评价和意见写成 CSV 表格。")  # fmt: skip
@click.option("--undo", is_flag=True, help="撤回最后采用的一条建议。")
@click.option(
    "--judgements", metavar="FILE", type=click.Path(path_type=Path),
    callback=lambda context, parameter, value: existing_file(context, parameter, value) if value else None,
    help="评判过的查询，每行 查询<TAB>文章[#小节]<TAB>等级，配合 --apply；默认 _search/judgements.tsv（有的话）。",
)  # fmt: skip
@click.option("--force", is_flag=True, help="配合 --apply：变差也保留。")
@content_option
@index_option
def insights(
    days: int | None,
    as_json: bool,
    identity: str | None,
    yes: bool,
    done: str | None,
    table: Path | None,
    undo: bool,
    judgements: Path | None,
    force: bool,
    content: Path,
    index_folder: Path,
) -> None:
    """读者搜了什么、什么没找到、哪些文章没帮上忙，以及每个失败查询的改进建议。"""
    from helpcenter.insights.edits import write
    from helpcenter.insights.exporting import as_csv
    from helpcenter.insights.figures import as_json as figures_as_json
    from helpcenter.insights.figures import insights as figures_of
    from helpcenter.insights.proposals import verdicts
    from helpcenter.store.records import StoreUnavailable
    from helpcenter.store.store import Store

    settings = load_settings()
    if undo:
        click.echo(undone(content, index_folder))
        return
    live = open_snapshot(index_folder)
    store = Store(settings.database_url, settings.insights_days, settings.feedback_texts)
    try:
        if done:
            waiting = sum(said.article == done for said in store.reasons(settings.insights_days, store.most_texts))
            if not waiting:
                raise click.UsageError(f"文章 {done} 没有待处理的意见；有哪些：helpcenter insights")
            store.finish_reasons(done)
            click.echo(f"{done} 的 {waiting} 条意见已处理，不再列出。")
            return
        if table:
            write(table, as_csv(store, days or settings.insights_days).encode())
            click.echo(f"已写成 {table}")
            return
        figures = figures_of(store, days or settings.insights_days, live)
        asked = store.searches(settings.insights_days)
        past = sorted(asked, key=lambda query: (-asked[query].asked, query))
    except StoreUnavailable as error:
        raise click.ClickException(f"{error}。请检查 HELPCENTER_DATABASE_URL。") from None
    finally:
        store.close()
    found = verdicts(figures.failing, live, content)
    if identity:
        apply(identity, found, content, index_folder, past, judgements, yes, force)
    elif as_json:
        proposals = [verdict_as_json(verdict) for verdict in found]
        click.echo(json.dumps({**figures_as_json(figures), "proposals": proposals}, ensure_ascii=False, indent=2))
    else:
        click.echo(printable(readable(figures, found)))


def verdict_as_json(verdict: Verdict) -> dict[str, str | None]:
    """One failing query with its proposal, or the advice."""
    proposal = verdict.proposal
    return {
        "query": verdict.asked.query,
        "trouble": verdict.asked.trouble,
        "id": proposal.id if proposal else None,
        "kind": proposal.kind if proposal else None,
        "text": proposal.text if proposal else None,
        "target": proposal.target if proposal else None,
        "why": proposal.why if proposal else verdict.advice,
    }


def readable(figures: Insights, found: list[Verdict]) -> str:
    """The figures, list by list."""
    total = figures.total
    lines = [f"最近 {figures.days} 天（{figures.since} 起）"]
    if not total.asked and not figures.votes and not figures.guides:
        return f"{lines[0]}还没有搜索和评价。网站运行时会自动记录，打字时的搜索约一分钟后计入。"
    lines.append(
        f"搜索 {total.asked} 次 · 没有结果 {share(total.empty, total.asked)} · "
        f"只找到一部分 {share(total.partial, total.asked)} · 点开 {total.opened} 次"
    )
    most = max((bar.counts.asked for bar in figures.bars), default=0)
    lines += heading(f"{figures.step}的搜索")
    lines += [row(f"{each.day}", each.counts.asked, most) for each in figures.bars if each.counts.asked]
    lines += heading("搜得最多")
    most = max((asked.counts.asked for asked in figures.frequent), default=0)
    lines += [row(asked.query, asked.counts.asked, most) for asked in figures.frequent]
    for trouble in ("没有结果", "只找到一部分", "没有人点开"):
        rows = [asked for asked in figures.failing if asked.trouble == trouble]
        if rows:
            lines += heading(trouble)
            most = max(asked.counts.asked for asked in rows)
            lines += [row(asked.query, asked.counts.asked, most) for asked in rows]
    if figures.votes:
        lines += heading("文章有帮助吗")
        lines += [
            f"{padded(vote.article)} {bar(vote.share, 1, '█', '░')} 有 {vote.helpful} · 没有 {vote.unhelpful}"
            for vote in figures.votes
        ]
    for guide in figures.guides:
        lines += heading(f"向导《{guide.title}》：开始 {guide.started} 次，得到步骤 {guide.finished} 次")
        lines += [f"{one.left} 次停在：{one.where}（到过 {one.reached} 次）" for one in guide.given_up]
    if figures.reasons:
        lines += heading("读者的意见")
        for one in figures.said:
            lines.append(f"{one.article}（处理完：helpcenter insights --done {shlex.quote(one.article)}）")
            lines += [f"    {said.day} {' — '.join(filter(None, (said.choice, said.text)))}" for said in one.reasons]
    if found:
        lines += heading("改进建议")
        for verdict in found:
            lines.append(f"“{verdict.asked.query}”（{verdict.asked.trouble}）")
            proposal = verdict.proposal
            lines.append(f"    {proposal.says}；{proposal.why}" if proposal else f"    {verdict.advice}")
            if proposal:
                lines.append(f"    {proposal.command}")
    return "\n".join(lines)


def apply(
    identity: str,
    found: list[Verdict],
    content: Path,
    index_folder: Path,
    past: list[str],
    judgements: Path | None,
    yes: bool,
    force: bool,
) -> None:
    """Try one proposal out, tell what would come of it, ask, and keep it."""
    import index
    from helpcenter.insights.edits import EditRefused
    from helpcenter.insights.improving import BadJudgements, keep, try_out

    known = {verdict.proposal.id: verdict.proposal for verdict in found if verdict.proposal}
    proposal = known.get(identity)
    if proposal is None:
        listed = "、".join(known) or "（现在没有）"
        raise click.UsageError(f"没有建议 {identity}；现有：{listed}")
    settings = load_settings()
    own = content / "_search" / "judgements.tsv"
    judgements = judgements or (own if own.is_file() else None)
    try:
        outcome = try_out(proposal, content, index_folder, past, judgements, settings.index_key, settings.meaning)
        click.echo(printable("\n".join([proposal.says, *outcome_lines(outcome, proposal.query)])))
        if outcome.reason and not force:
            raise click.ClickException(f"没有采用：{outcome.reason}。仍要采用请加 --force。")
        if not yes:
            if not sys.stdin.isatty():
                click.echo("以上只是试用，什么都没有改动；采用请加 --yes。")
                return
            if not click.confirm("采用吗？"):
                click.echo("没有采用，什么都没有改动。")
                return
        keep(
            proposal,
            content,
            index_folder,
            settings.keep_snapshots,
            settings.index_key,
            settings.meaning,
            settings.engine,
        )
    except (EditRefused, BadJudgements) as error:
        raise click.ClickException(str(error)) from None
    except index.ContentFaults as faults:
        for problem in faults.problems:
            click.echo(str(problem), err=True)
        raise click.ClickException("文章有错，未建索引；没有采用，线上的索引保持不变。") from None
    click.echo("已采用，索引已更新。反悔：helpcenter insights --undo")


def undone(content: Path, index_folder: Path) -> str:
    """Take the last applied proposal back and rebuild."""
    import index
    from helpcenter.insights.edits import EditRefused
    from helpcenter.insights.journal import undo_last

    settings = load_settings()
    try:
        applied = undo_last(index_folder, content)
        index.build(
            content,
            index_folder,
            keep=settings.keep_snapshots,
            key=settings.index_key,
            meaning=settings.meaning,
            engine=settings.engine,
        )
    except EditRefused as error:
        raise click.ClickException(str(error)) from None
    except index.ContentFaults:
        raise click.ClickException("已撤回，但文章有错，索引没有更新；请运行 helpcenter check。") from None
    return f"已撤回“{applied.says}”（{content / applied.file}），索引已更新。"


def outcome_lines(outcome: Outcome, query: str) -> list[str]:
    """Before and after."""
    before, after = outcome.before, outcome.after
    lines = [
        f"改动 {outcome.path}：{' '.join(outcome.line.split())}",
        f"“{query}”：找到小节 {before.total} → {after.total}，其中逐词相符 {before.complete} → {after.complete}"
        + (f"，该找到的文章排名 {before.rank or '无'} → {after.rank or '无'}" if before.rank or after.rank else ""),
        f"过去的 {len(after.best)} 个查询，{len(outcome.touched)} 个的前三条结果有变：",
    ]
    for touched in outcome.touched[:MOST_TOUCHED]:
        lines.append(f"    “{touched}”")
        lines += [
            f"        {word} {'、'.join(checked.best[touched]) or '没有结果'}"
            for word, checked in (("前", before), ("后", after))
        ]
    if before.quality is not None and after.quality is not None:
        lines.append(f"评判过的 {len(after.by_query)} 个查询：nDCG@10 {before.quality:.4f} → {after.quality:.4f}")
        lines += [f"    变差：{worse}" for worse in outcome.worse[:10]]
    return lines


def heading(text: str) -> list[str]:
    """A list's title, after an empty line."""
    return ["", text]


def row(label: str, count: int, most: int) -> str:
    """Words, a bar, a number."""
    return f"{padded(label)} {bar(count, most)} {count}"


def bar(value: float, most: float, full: str = "█", rest: str = " ") -> str:
    """`WIDTH` columns; whatever is not zero shows."""
    filled = max(round(WIDTH * value / most), 1) if value and most else 0
    return full * filled + rest * (WIDTH - filled)


def padded(text: str) -> str:
    """`text` in `LABEL` columns, cut with … where it is longer."""
    kept, columns = "", 0
    for character in text:
        wide = 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if columns + wide > LABEL - 1:
            return kept + "…" + " " * (LABEL - 1 - columns)
        kept, columns = kept + character, columns + wide
    return kept + " " * (LABEL - columns)


def share(part: int, whole: int) -> str:
    """Number and percentage."""
    return f"{part}（{part / whole:.0%}）" if whole else str(part)
