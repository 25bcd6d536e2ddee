"""Explaining: why a section is found where it is, or why it is not.

In: what was found for a query, and one section. Out: lines of text for `helpcenter explain`. Why from the posting
lists again and not from the ranking: the sum over terms must come out as the score, and a test adds it up.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from index.meaning.vectors import SENTENCE, Meanings
from index.search.contracts import R, Sections
from index.search.layering import Found
from index.search.layers import LAYERS
from index.search.layers.meaning import meant, say

_KINDS = {"words": "词", "grams": "双字", "characters": "单字"}
_ORIGINS = {"query": "", "synonym": "（同义词）", "prefix": "（以它开头）"}
LONGEST = 40
"""Characters of a sentence that is shown as near."""
_LABELS = {layer.name: layer.label for layer in LAYERS}


def explain(index: Sections[R], found: Found[R], number: int, place: str, meaning: Sequence[str] = ()) -> str:
    """Return the explanation of section `number`, called `place`; `meaning`: of `explain_meaning`."""
    query, ranking = found.query, found.ranking
    words = [term.text for term in query.terms if term.kind == "words" and term.origin == "query"]
    lines = [f"查询：{query.text}", f"折叠后：{query.folded}", f"切分：{' / '.join(words) or '（没有可查的词）'}"]
    if found.suggestion:
        lines.append(f"没有小节包含原文，改查：{found.suggestion}")
    lines.append(f"小节：{place}")
    held = ranking.within(number, number + 1)
    if len(held):
        rank, score = ranking.place_of(number), f"得分 {ranking.scores_of(held)[0]:.4f}"
        layer = _LABELS[found.reason(number)[0]]
        lines.append(f"结果：第 {rank} 位，共 {ranking.total} 个；匹配层：{layer}；{score}")
    else:
        lines.append("结果：没有出现")
    if number in ranking.verbatim:
        lines.append("整个查询原样出现在这一节里，排在所有不含原文的小节之前")
    elif ranking.completes(np.array([number]))[0]:
        lines.append("查询的每个词都在这一节里")
    lines.append("各项得分：")
    total = 0.0
    missing = []
    for term, share, frequency in index.shares(query, number):
        total += share
        if share:
            name = f"{_KINDS[term.kind]} {term.text}{_ORIGINS[term.origin]}"
            lines.append(f"  {share:8.4f}  {name}  权重 {term.weight:.2f}，{frequency} 个小节有它")
        elif term.kind == "words" and term.origin == "query":
            missing.append(f"{term.text}（{'其他小节有' if frequency else '整个索引里没有'}）")
    lines.append(f"  {total:8.4f}  合计（BM25F）；其余来自原样出现、相邻或改查的加分，或同一篇里各节换了位置")
    lines += meaning
    if missing:
        lines.append("这一节缺的词：" + "、".join(missing))
    if not len(held):
        lines.append(
            "怎样才能找到：在文章的 aliases 里写上读者的说法，或在 _search/synonyms.txt 里加一组，再重建索引。"
        )
    return "\n".join(lines)


def explain_meaning(
    meanings: Meanings, found: Found[R], number: int, asks: Sequence[str], text: str, folded: str
) -> list[str]:
    """How near section `number` is to the query in meaning, by what, and what that counts.

    `asks`, `text`, `folded`: the section's asks, and its body as written and folded.
    """
    near = found.near()
    if near is None:
        return ["意思：查询里没有认得的字词"]
    at, cosine = meanings.nearest(near, number)
    if at:
        what = f"相似问「{asks[at - 1]}」"
    else:
        sentence = SENTENCE.match(folded, meanings.sentence(near, folded))
        what = f"正文里的「{text[slice(*sentence.span())].strip()[:LONGEST] if sentence else ''}」"
    how = "模型" if near.by_model else "词袋表"
    weight = say(found.asked, meant(found.asked))
    counted = f"占总分至多 {weight:.0%}，其余看词语" if weight else "没有参与：查询太短，或词语已经足够"
    return [f"意思：余弦 {cosine:.2f}，最近的是{what}；全部小节里最高 {near.highest:.2f}（{how}）；{counted}"]
