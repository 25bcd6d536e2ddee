"""Signed indexes: with a key, what nobody signed or somebody altered is neither served nor gone back to nor built upon.

In: small indexes on disk, altered as an attacker would, checksums mended. Out: a refusal that names the file.
"""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from click.testing import CliRunner
from support import Serve

from helpcenter.cli import commands
from index import IndexUnavailable, Library, build, new_key, rollback
from index.store.signing import SIGNATURE, seal
from index.store.snapshots import IndexFolder
from index.store.writing import checksum


@pytest.fixture
def key(tmp_path: Path) -> str:
    new_key(tmp_path / "key")
    return str(tmp_path / "key")


def change(content: Path, text: str) -> None:
    (content / "a.md").write_text(f"# {text}\n\n打开设置。\n", "utf-8")


def alter_file(place: Path) -> None:
    """Another page for readers, with the checksum that belongs to it."""
    (place / "folded").write_bytes((place / "folded").read_bytes()[::-1])
    stamp = json.loads((place / "stamp.json").read_text("utf-8"))
    stamp["files"]["folded"] = checksum(place / "folded")
    (place / "stamp.json").write_text(json.dumps(stamp), "utf-8")


def alter_stamp(place: Path) -> None:
    stamp = json.loads((place / "stamp.json").read_text("utf-8"))
    (place / "stamp.json").write_text(json.dumps({**stamp, "articles": 0}), "utf-8")


def add_file(place: Path) -> None:
    (place / "more").write_text("x")


def forge(place: Path) -> None:
    """Sign anew, with a key of one's own."""
    files = json.loads((place / SIGNATURE).read_text())["files"]
    (place / SIGNATURE).write_text(json.dumps({"files": files, "hmac": seal(files, b"x" * 32)}))


def mend_list(place: Path) -> None:
    """The list of files as it would have to be, under the proof of the old one."""
    signed = json.loads((place / SIGNATURE).read_text())
    signed["files"]["folded"] = "0" * 64
    (place / SIGNATURE).write_text(json.dumps(signed))


ATTACKS: dict[Callable[[Path], None], str] = {
    alter_file: "文件 folded 与签名不符",
    alter_stamp: "文件 stamp.json 与签名不符",
    add_file: "文件 more 与签名不符",
    forge: "签名不对",
    mend_list: "签名不对",
    lambda place: (place / SIGNATURE).unlink(): "没有签名",
    lambda place: (place / SIGNATURE).write_text("[]") and None: "签名读不懂",
}


def test_what_was_signed_is_served(content: Path, tmp_path: Path, key: str) -> None:
    build(content, tmp_path / "index", key=key)
    assert Library(tmp_path / "index", key).snapshot().search("激活").total == 1
    assert Library(tmp_path / "index").snapshot().search("激活").total == 1, "a server without a key serves it too"
    assert build(content, tmp_path / "index", key=key).changed == 0
    change(content, "漫游")
    assert not build(content, tmp_path / "index", key=key).full
    assert Library(tmp_path / "index", key).snapshot().search("漫游").total == 1


@pytest.mark.parametrize(("attack", "named"), ATTACKS.items(), ids=ATTACKS.values())
def test_what_was_altered_is_refused_and_built_anew(
    content: Path, tmp_path: Path, key: str, attack: Callable[[Path], None], named: str
) -> None:
    build(content, tmp_path / "index", key=key)
    attack(IndexFolder(tmp_path / "index").live())
    with pytest.raises(IndexUnavailable, match=named):
        Library(tmp_path / "index", key).snapshot()
    report = build(content, tmp_path / "index", key=key)
    assert report.full and named in report.reason
    assert Library(tmp_path / "index", key).snapshot().search("激活").total == 1


def test_a_new_index_without_signature_leaves_the_old_one_in_service(
    content: Path, tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.search.live._WATCHED", 0.0)
    build(content, tmp_path / "index", key=key)
    library = Library(tmp_path / "index", key)
    good = library.snapshot()
    change(content, "漫游")
    build(content, tmp_path / "index")
    assert library.snapshot() is good
    build(content, tmp_path / "index", key=key)
    assert library.snapshot().search("漫游").total == 1


def test_rollback_passes_over_what_was_not_signed(content: Path, tmp_path: Path, key: str) -> None:
    index = tmp_path / "index"
    first = build(content, index, key=key).snapshot
    for number, signed in enumerate(("", key)):
        change(content, f"第{number}版")
        build(content, index, key=signed)
    assert rollback(index, key) == first
    with pytest.raises(IndexUnavailable):
        rollback(index, key)


@pytest.mark.parametrize("problem", ["missing", "short"])
def test_a_key_that_cannot_be_used_is_named(content: Path, tmp_path: Path, problem: str) -> None:
    path = tmp_path / "nokey"
    if problem == "short":
        path.write_text("secret")
    with pytest.raises(IndexUnavailable, match="nokey"):
        build(content, tmp_path / "index", key=str(path))
    assert not (tmp_path / "index").exists()
    build(content, tmp_path / "index")
    with pytest.raises(IndexUnavailable, match="nokey"):
        Library(tmp_path / "index", str(path)).snapshot()


def test_the_command_makes_a_key_once_and_signs(content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, path, index = CliRunner(), tmp_path / "k", str(tmp_path / "index")
    assert run.invoke(commands, ["index", "--new-key", str(path)]).exit_code == 0
    made = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = run.invoke(commands, ["index", "--new-key", str(path)])
    assert again.exit_code == 2 and "不会被覆盖" in again.output and path.read_bytes() == made
    arguments = ["index", "--content", str(content), "--index", index]
    assert run.invoke(commands, [*arguments, "--sign", str(path)]).exit_code == 0
    assert (IndexFolder(tmp_path / "index").live() / SIGNATURE).exists()
    monkeypatch.setenv("HELPCENTER_INDEX_KEY", str(path))
    shutil.rmtree(index)
    assert run.invoke(commands, arguments).exit_code == 0
    assert run.invoke(commands, ["search", "激活", "--index", index]).exit_code == 0
    (IndexFolder(tmp_path / "index").live() / SIGNATURE).unlink()
    refused = run.invoke(commands, ["search", "激活", "--index", index])
    assert isinstance(refused.exception, IndexUnavailable) and "没有签名" in str(refused.exception)


def test_a_server_with_a_key_answers_503_to_an_altered_index(
    content: Path, tmp_path: Path, key: str, serve: Serve
) -> None:
    build(content, tmp_path / "index", key=key)
    alter_file(IndexFolder(tmp_path / "index").live())
    with (
        serve(tmp_path / "index", HELPCENTER_INDEX_KEY=key) as site,
        pytest.raises(HTTPError) as refused,
    ):
        urlopen(f"{site.address}/readyz")
    with refused.value as answer:
        assert answer.code == 503
