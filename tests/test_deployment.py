"""The deployment guide, tried out: unit, Dockerfile, an index built elsewhere and only read. nginx: test_nginx.py."""

from __future__ import annotations

import hashlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from click.testing import CliRunner
from support import Serve, free_port, listens, wait_for

from helpcenter.cli import commands
from index import build

# systemd and Docker: what can be said without running them


@pytest.mark.parametrize("name", ["helpcenter@", "helpcenter-follow"])
def test_the_units_are_sound(root: Path, program: Path, tmp_path: Path, name: str) -> None:
    written = (root / "docs" / "deploy" / f"{name}.service").read_text("utf-8")
    started = re.search(r"^ExecStart=(\S+) (.+)$", written, re.MULTILINE)
    assert started
    assert_is_a_command(shlex.split(started[2].replace("%i", "8000")))
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / f"{name.replace('@', '@8000')}.service"
    unit.write_text(written.replace(started[1], str(program)), "utf-8")
    checked = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert not [line for line in checked.stderr.splitlines() if "helpcenter" in line], checked.stderr


def test_the_dockerfile_copies_what_exists_and_runs_commands_that_exist(root: Path) -> None:
    written = (root / "docs" / "deploy" / "Dockerfile").read_text("utf-8")
    ignored = (root / "docs" / "deploy" / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    sources = [
        name for line in re.findall(r"^COPY (?!--from)(.+)$", written, re.MULTILINE) for name in line.split()[:-1]
    ]
    assert {"helpcenter", "index", "templates", "content", "requirements.lock"} <= set(sources)
    for name in sources:
        assert (root / name).exists(), name
        assert f"!{name}" in ignored, name
    runs = [shlex.split(line) for line in re.findall(r"^RUN .*?helpcenter/bin/helpcenter (.+)$", written, re.MULTILINE)]
    last = re.findall(r"^CMD \[(.+)\]$", written, re.MULTILINE)[-1]
    for arguments in [*runs, [part.strip(' "') for part in last.split(",")][1:]]:
        assert_is_a_command(arguments)


def assert_is_a_command(arguments: list[str]) -> None:
    """The command and each of its options exist."""
    told = CliRunner().invoke(commands, [arguments[0], "--help"])
    assert told.exit_code == 0, told.output
    for option in arguments[1:]:
        if option.startswith("--"):
            assert option in told.output


def test_the_guide_names_every_file_beside_it(root: Path) -> None:
    guide = (root / "docs" / "deployment.md").read_text("utf-8")
    for file in (root / "docs" / "deploy").iterdir():
        assert file.name in guide, file.name


@pytest.mark.stress
def test_the_steps_of_the_dockerfile_make_a_site_that_runs_away_from_the_project(root: Path, tmp_path: Path) -> None:
    place = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    pip = [place / "bin" / "python", "-m", "pip", "install", "--quiet"]
    lock = ["--use-pep517", "--require-hashes", "-r", root / "requirements.lock"]
    subprocess.run([*pip, *lock], check=True)
    subprocess.run([*pip, "--no-deps", root], check=True)
    program = place / "bin" / "helpcenter"
    index = tmp_path / "index"
    subprocess.run([program, "index", "--content", root / "content", "--index", index], check=True, cwd=tmp_path)
    port = free_port()
    with subprocess.Popen([program, "serve", "--index", index, "--port", str(port)], cwd=tmp_path) as server:
        try:
            wait_for(lambda: listens(port))
            for path in ("/search?q=" + quote("丢失"), "/feed.atom", "/embed.js", "/static/app.css", "/metrics"):
                with urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                    assert answer.status == 200
        finally:
            server.send_signal(signal.SIGTERM)
    assert server.returncode == 0


# An index built elsewhere


def contents(folder: Path) -> dict[str, tuple[int, str]]:
    """Time of change and checksum of every file."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in folder.rglob("*")
        if path.is_file()
    }


def unpack(archive: Path, place: Path) -> Path:
    """As the guide says, and then taken every right to write away."""
    place.mkdir()
    with tarfile.open(archive) as packed:
        packed.extractall(place, filter="data")
    for path in [place, *place.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    return place / "index"


def point(link: Path, target: Path) -> None:
    """`ln -s` beside and `mv -T` over it, which is one atomic step."""
    beside = link.with_name("next")
    beside.symlink_to(target)
    beside.replace(link)


def test_an_index_built_elsewhere_is_served_read_only_exchanged_and_taken_back(serve: Serve, tmp_path: Path) -> None:
    releases = []
    for number in (1, 2):
        machine = tmp_path / f"builder{number}"
        (machine / "content").mkdir(parents=True)
        (machine / "content" / "one.md").write_text(f"# 文章\n\n第 {number} 版的内容。\n", "utf-8")
        build(machine / "content", machine / "index")
        archive = tmp_path / f"index{number}.tar.gz"
        with tarfile.open(archive, "w:gz") as packed:
            packed.add(machine / "index", "index")
        shutil.rmtree(machine)
        releases.append(unpack(archive, tmp_path / f"release{number}"))
    before = [contents(release) for release in releases]
    live = tmp_path / "live"
    point(live, releases[0])
    with serve(live, "--workers", 2) as site:
        assert "第 1 版" in site.get("/articles/one")
        for release, text in ((releases[1], "第 2 版"), (releases[0], "第 1 版")):
            point(live, release)
            until = time.monotonic() + 10
            while time.monotonic() < until and not all(text in site.get("/articles/one") for _ in range(8)):
                time.sleep(0.05)
            time.sleep(0.5)  # the eight may all have come from one worker; the other looks within 0.2 s
            assert all(text in site.get("/articles/one") for _ in range(8))
            assert text[2] in site.get("/api/v1/search?q=" + quote("内容"))
    # Root may write whatever the rights say, so what counts is that nothing was written.
    assert [contents(release) for release in releases] == before
    for path in tmp_path.rglob("*"):
        if path.is_dir():
            path.chmod(0o755)
