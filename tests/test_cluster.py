"""The OpenSearch engine against a real node: the same answers as our own, in few requests, and its address.

The batteries of test_search.py and test_guesses.py run on it as well; what happens while it is away is in
test_cluster_outages.py.
"""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import index
from helpcenter.settings import SettingsError, load_settings
from index import IndexUnavailable, Snapshot, build, open_library, read_judgements
from index.cluster import client as clients
from index.cluster.address import parse_address
from index.cluster.client import Cluster

PASSWORD = "sesame-s3cret"
FILTERS = ({}, {"region": ["法国"]}, {"region": ["法国"], "situation": ["丢失"]})


@pytest.fixture(scope="module")
def both(
    cluster: str, site_index: Path, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Snapshot, Snapshot]:
    """The real content in our own engine, and in the cluster."""
    folder = tmp_path_factory.mktemp("cluster") / "index"
    shutil.copytree(site_index, folder)
    build(root / "content", folder, engine=f"{cluster}/site")
    return open_library(folder).snapshot(), open_library(folder, engine=f"{cluster}/site").snapshot()


def judged(root: Path) -> list[str]:
    files = (root / "tests" / "judgements" / f"{name}.tsv" for name in ("own", "a"))
    return list(dict.fromkeys(one.query for file in files for one in read_judgements(file)))


def queries(root: Path, snapshot: Snapshot) -> list[str]:
    """A few of the judged queries, and of the headings."""
    draw = random.Random(19)
    pages = [snapshot.page(card.id) for card in snapshot.cards()]
    headings = [section.heading for page in pages if page for section in page.article.sections if section.heading]
    return [*draw.sample(judged(root), 120), *draw.sample(headings, 60)]


def shown(results: index.Results) -> tuple[object, ...]:
    hits = [(hit.article, hit.section, hit.matched, hit.complete, hit.snippet) for hit in results.hits]
    return hits, results.total, results.complete, results.facets, results.suggestion, results.answer, results.answered


def test_both_engines_give_the_same_answers(both: tuple[Snapshot, Snapshot], root: Path) -> None:
    ours, theirs = both
    asked = queries(root, ours)
    different = []
    for number, query in enumerate(asked):
        filters = FILTERS[number % 3]
        if shown(ours.search(query, filters)) != shown(theirs.search(query, filters)):
            different.append(query)
        if number % 2:
            one, other = ours.search_articles(query, filters), theirs.search_articles(query, filters)
            if [hit.best for hit in one.articles] != [hit.best for hit in other.articles] and one.total == other.total:
                scores = [(a.best.article, b.best.article) for a, b in zip(one.articles, other.articles, strict=True)]
                different += [query] * any(a != b for a, b in scores)
            if (one.total, one.complete, one.facets) != (other.total, other.complete, other.facets):
                different.append(query)
    assert len(different) <= 0.005 * len(asked), different


def test_a_substring_is_found_wherever_a_scan_finds_it(both: tuple[Snapshot, Snapshot]) -> None:
    ours, theirs = both
    postings: Any = ours._scorer.postings  # type: ignore[attr-defined]
    begins = postings._visible
    visible = [postings.folded[number][begins[number] :].decode() for number in range(ours.section_count)]
    draw = random.Random(7)
    wrong = []
    for _ in range(120):
        text = draw.choice(visible)
        begin = draw.randrange(max(len(text) - 8, 1))
        piece = text[begin : begin + draw.randint(2, 8)].strip()
        if len(piece) < 2 or set(piece) & set('"\n\x1f') or "  " in piece:
            continue
        found = theirs.search(f'"{piece}"').total
        if found != ours.search(f'"{piece}"').total:
            wrong.append(piece)
        # A Latin word that is cut off is no word, so a phrase with one need not be found.
        if re.fullmatch("[\u4e00-\u9fff]+", piece) and found != sum(piece in other for other in visible):
            wrong.append(piece)
    assert not wrong


def test_explain_adds_up_as_our_own_does(both: tuple[Snapshot, Snapshot]) -> None:
    ours, theirs = both
    hit = ours.search("手机丢了怎么补卡").hits[0]
    one, other = (snapshot.explain("手机丢了怎么补卡", hit.article, hit.section).splitlines() for snapshot in both)
    assert len(one) == len(other)
    assert one[:4] == other[:4]
    assert ours.rank_articles("手机丢了", 5)[0][0] == theirs.rank_articles("手机丢了", 5)[0][0]


def test_no_query_takes_more_than_three_requests(
    both: tuple[Snapshot, Snapshot], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs: Any = both[1]
    sent = []
    real = Cluster.search
    monkeypatch.setattr(Cluster, "search", lambda *arguments: sent.append(1) or real(*arguments))
    took: dict[int, list[str]] = {}
    guessed = ("shouji diule", "补咖", "jihuoma zenme yong", "飞行模试", "新卡里多尼亚", "卡补要多久", "苹果手记 换卡")
    for number, query in enumerate([*judged(root), *guessed * len(FILTERS)]):
        theirs._index._stands.clear()  # as by a process that was just started
        for ask in (theirs.search, theirs.search_articles) if query in guessed else (theirs.search_articles,):
            sent.clear()
            ask(query, FILTERS[number % len(FILTERS)])
            took.setdefault(len(sent), []).append(query)
    assert not {count: asked for count, asked in took.items() if count > 3}
    for filters in FILTERS:
        sent.clear()
        theirs.search_articles("", filters)
        assert not sent, "filters alone are counted beside us"


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://host/x", "opensearch"),
        ("opensearch+https://u:topsecret@host", "前缀"),
        ("opensearch+https://u:topsecret@host/Upper", "前缀"),
        ("opensearch+https://u:topsecret@ho st/x", "主机"),
        ("opensearch+https://u:topsecret@host:99999/x", "端口"),
        ("opensearch+https://u:topsecret@host/x?shards=0", "shards"),
        ("opensearch+https://u:topsecret@host/x?verify=no", "verify"),
    ],
)
def test_a_wrong_address_is_told_without_its_password(address: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told) as refused:
        load_settings({"HELPCENTER_ENGINE": address})
    assert "topsecret" not in str(refused.value)


def test_an_address_names_hosts_user_and_options(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(PASSWORD + "\n")
    address = parse_address(f"opensearch+https://me:a%40b@n1,n2:9201/help?shards=2&password_file={tmp_path}/password")
    assert address.hosts == (("n1", 9200), ("n2", 9201))
    assert (address.user, address.password, address.shards, address.secure) == ("me", "a@b", 2, True)
    assert address.secret() == PASSWORD
    assert "a@b" not in repr(address) + str(address)
    made = Cluster(address)._made.keywords
    assert made["verify_certs"]
    assert made["timeout"] == clients.TIMEOUT
    assert {429, 503} <= set(made["retry_on_status"])


def test_without_the_library_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opensearchpy", None)
    with pytest.raises(IndexUnavailable, match=r"helpcenter\[opensearch\]"):
        Cluster(parse_address("opensearch+http://localhost/x"))
