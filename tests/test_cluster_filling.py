"""Builds that fill the cluster: verified before they go live, nothing is lost or left behind, and little is sent.

In: a real node. How long filling takes is measured by `bench/cluster.py`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support import wait_for, write_files

import index
from index import IndexUnavailable, SearchUnavailable, build, fetch_copy, open_library, publish_copy, read_judgements
from index.cluster import filling
from index.cluster.address import parse_address
from index.cluster.client import Cluster
from index.cluster.schema import index_name
from index.store.snapshots import IndexFolder
from index.weights import load_weights

PASSWORD = "sesame-s3cret"
ARTICLES = {"a.md": "# 手机丢失\n\n先报失，再补卡。\n", "b.md": "# 激活\n\n在新手机上激活 eSIM。\n"}


def indexes(address: str) -> list[str]:
    parsed = parse_address(address)
    found = Cluster(parsed).call("GET", f"/{parsed.prefix}-*/_settings/index.uuid")
    return sorted(found)


@pytest.fixture
def content(tmp_path: Path) -> Path:
    return write_files(tmp_path / "content", ARTICLES)


def test_a_build_fills_before_it_switches_and_sweeps_what_nobody_keeps(
    prefix: str, content: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "index"
    library = open_library(folder, engine=prefix)
    names = []
    for version in range(3):
        (content / "a.md").write_text(f"# 手机丢失\n\n第{version}版，先报失。\n", "utf-8")
        build(content, folder, keep=2, engine=prefix)
        names.append(IndexFolder(folder).live().name.partition("-")[2])
        assert open_library(folder, engine=prefix).snapshot().search(f'"第{version}版"').total == 1
    assert [name.split("-")[1] for name in indexes(prefix)] == sorted(names[1:])
    assert library.snapshot().search("第2版").total
    index.rollback(folder, engine=prefix)
    assert open_library(folder, engine=prefix).snapshot().search('"第1版"').total == 1


def test_a_sweep_leaves_what_other_sites_keep(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("opensearchpy")
    site = Cluster(parse_address("opensearch+http://localhost/help"))
    old, live = (index_name(site.address, one, load_weights()) for one in ("0123456789ab", "abcdef012345"))
    there = [old, live, old.replace("help", "help-staging"), "help-desk", "help-desk-2026"]
    removed = []

    def call(method: str, path: str, *_: Any, **__: Any) -> Any:
        if method == "DELETE":
            removed.append(path)
        return {name: {} for name in there}

    monkeypatch.setattr(site, "call", call)
    filling.sweep(site, {"abcdef012345"})
    assert removed == [f"/{old}"]


def test_an_index_that_the_cluster_lost_is_sent_again(prefix: str, content: Path, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    build(content, folder, engine=prefix)
    (name,) = indexes(prefix)
    Cluster(parse_address(prefix)).call("DELETE", f"/{name}")
    with pytest.raises(SearchUnavailable, match=name):
        open_library(folder, engine=prefix).snapshot().search("报失")
    assert build(content, folder, engine=prefix).changed == 0
    assert indexes(prefix) == [name]
    assert open_library(folder, engine=prefix).snapshot().search("报失").total == 1


def test_a_front_end_that_missed_many_copies_searches_again_once_it_follows(
    prefix: str, content: Path, tmp_path: Path
) -> None:
    builder, store, front = tmp_path / "builder", str(tmp_path / "store"), tmp_path / "front"

    def publish(title: str) -> None:
        (content / "new.md").write_text(f"# {title}\n\n打开设置。\n", "utf-8")
        build(content, builder, engine=prefix, keep=2)
        publish_copy(builder, store)

    publish("甲地漫游")
    fetch_copy(store, front, 2)
    library = open_library(front, engine=prefix)
    publish("乙地漫游")
    publish("丙地漫游")
    with pytest.raises(SearchUnavailable, match="太旧"):
        library.snapshot().search("甲地漫游")
    fetch_copy(store, front, 2)

    def found() -> int:
        with suppress(SearchUnavailable):  # until the library looks again
            return library.snapshot().search('"丙地漫游"').total
        return 0

    wait_for(found)


def test_a_build_that_dies_while_filling_leaves_the_old_index_and_no_litter(
    prefix: str, content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "index"
    build(content, folder, engine=prefix)
    before = indexes(prefix)
    library = open_library(folder, engine=prefix)
    (content / "a.md").write_text("# 手机丢失\n\n改过了。\n", "utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(filling, "_verify", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            build(content, folder, engine=prefix)
    assert len(indexes(prefix)) == 2
    assert library.snapshot().search("报失").total == 1
    (content / "a.md").write_text("# 手机丢失\n\n又改了。\n", "utf-8")
    build(content, folder, keep=1, engine=prefix)
    assert len(indexes(prefix)) == 1
    assert not set(indexes(prefix)) & set(before)


def test_a_front_end_stays_with_the_old_snapshot_while_the_cluster_lacks_the_new_one(
    prefix: str, content: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "index"
    build(content, folder, engine=prefix)
    library = open_library(folder, engine=prefix)
    old = library.snapshot().id
    (content / "a.md").write_text("# 手机丢失\n\n改过了。\n", "utf-8")
    build(content, folder)  # by somebody without the setting
    library._looked = -1.0  # type: ignore[attr-defined]
    assert library.snapshot().id == old
    assert library.snapshot().search("报失").total == 1


def test_a_build_that_cannot_reach_the_cluster_changes_nothing(
    content: Path, tmp_path: Path, unused_port: Callable[[], int]
) -> None:
    build(content, tmp_path / "index")
    before = IndexFolder(tmp_path / "index").live()
    (content / "a.md").write_text("# 手机丢失\n\n改过了。\n", "utf-8")
    pytest.importorskip("opensearchpy")
    engine = f"opensearch+http://u:{PASSWORD}@127.0.0.1:{unused_port()}/x"
    with pytest.raises(IndexUnavailable, match="线上的索引没有动") as refused:
        build(content, tmp_path / "index", engine=engine)
    assert PASSWORD not in str(refused.value)
    assert IndexFolder(tmp_path / "index").live() == before


def equal_articles(content: Path) -> None:
    """Twelve of equal lengths: where the mean length changes, so do all weights."""
    for path in content.iterdir():
        path.unlink()
    for number in range(12):
        (content / f"m{number:02}.md").write_text(f"# 第{number:02}篇\n\n先报失，再补卡。\n", "utf-8")


def test_where_little_changed_only_that_is_sent(
    prefix: str, content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    equal_articles(content)
    folder, sent, real = tmp_path / "index", [], filling._send

    def send(cluster: Cluster, name: str, batch: tuple[str, int]) -> int:
        sent.append(batch[1])
        return real(cluster, name, batch)

    monkeypatch.setattr(filling, "_send", send)

    def sections_sent() -> int:
        """By a build, after which the answers are those of our own index."""
        sent.clear()
        build(content, folder, keep=1, engine=prefix)
        ours, theirs = (open_library(folder, engine=engine).snapshot() for engine in ("", prefix))
        for query in ("报失", '"第77篇"', "第03篇"):
            one, other = ([(hit.article, hit.section) for hit in each.search(query).hits] for each in (ours, theirs))
            assert one == other
        assert len(indexes(prefix)) == 1
        return sum(sent)

    assert sections_sent() == 12
    (content / "m05.md").write_text("# 第77篇\n\n先报失，再补卡。\n", "utf-8")
    assert sections_sent() == 1
    (content / "m11.md").unlink()
    assert sections_sent() == 1, "the last one, to be removed"
    (content / "0.md").write_text("# 第99篇\n\n先报失，再补卡。\n", "utf-8")
    assert sections_sent() == 12, "all have moved by one"


def test_a_clone_that_was_not_finished_is_made_anew(
    prefix: str, content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    equal_articles(content)
    folder = tmp_path / "index"
    build(content, folder, engine=prefix)
    (content / "m05.md").write_text("# 第77篇\n\n先报失，再补卡。\n", "utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(filling, "_send", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            build(content, folder, engine=prefix)
    assert len(indexes(prefix)) == 2
    build(content, folder, keep=1, engine=prefix)
    assert open_library(folder, engine=prefix).snapshot().search('"第77篇"').total == 1
    assert len(indexes(prefix)) == 1


def test_where_scripts_are_forbidden_features_rank_and_the_log_says_what_to_allow(
    prefix: str,
    root: Path,
    site_index: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    real = Cluster.call

    def forbid(self: Cluster, method: str, path: str, body: Any = None, **options: Any) -> Any:
        if isinstance(body, dict) and body.get("settings", {}).get("similarity"):
            raise self.unavailable("400 illegal_argument_exception cannot execute scripts using [similarity] context")
        return real(self, method, path, body, **options)

    monkeypatch.setattr(Cluster, "call", forbid)
    folder = tmp_path / "index"
    shutil.copytree(site_index, folder)
    build(root / "content", folder, engine=prefix)
    assert "script.allowed_contexts 含 similarity" in caplog.text
    ours, theirs = open_library(folder).snapshot(), open_library(folder, engine=prefix).snapshot()
    judged = dict.fromkeys(one.query for one in read_judgements(root / "tests" / "judgements" / "a.tsv"))
    places = alike = 0
    for query in [*judged][:60]:
        one, other = ours.search(query), theirs.search(query)
        assert (one.total, one.complete, one.facets) == (other.total, other.complete, other.facets), query
        pairs = zip(one.hits, other.hits, strict=True)
        same = [(a.article, a.section) == (b.article, b.section) for a, b in pairs]
        places, alike = places + len(same), alike + sum(same)
    assert alike >= 0.995 * places
    (name,) = indexes(prefix)
    build(root / "content", folder, engine=prefix)
    assert indexes(prefix) == [name], "it is found again"
