"""Coverage-guided fuzzing: front matter, Markdown, queries. A crash is an exception, or an input that takes a second.

In: seconds for each target (`fuzz.py 300`); atheris, which is installed for this alone. Out: inputs tried; exit 1 with
the input that did harm. Each target runs in a process of its own, since atheris never returns. A crash becomes a test.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SLOW = 1.0
"""Seconds of processor time that no small input may take."""
LONGEST = {"front matter": 4096, "markdown": 4096, "queries": 300}
CONTENT = Path(__file__).parent.parent.parent / "content"


def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    for name in TARGETS:
        with tempfile.TemporaryDirectory() as corpus:
            for number, example in enumerate(examples(name)):
                Path(corpus, str(number)).write_bytes(example)
            ran = subprocess.run(
                [sys.executable, __file__, "--target", name, corpus, f"-max_total_time={seconds}",
                 f"-max_len={LONGEST[name]}", f"-artifact_prefix={corpus}/"],
                capture_output=True, text=True, errors="replace", check=False,
            )  # fmt: skip
        done = re.search(r"Done (\d+) runs", ran.stderr)
        if ran.returncode or not done:
            sys.exit(f"{name}: {ran.stderr[-4000:]}")
        print(f"{name}: {int(done[1])} inputs in {seconds} s, none did harm", flush=True)


def examples(name: str) -> list[bytes]:
    """What to start from: articles, or for queries their lines."""
    articles = [path.read_bytes() for path in sorted(CONTENT.rglob("*.md"))[:20]]
    if name == "queries":
        return [line[:60] for article in articles[:5] for line in article.split(b"\n") if line.strip()]
    return [article[: LONGEST[name]] for article in articles]


def fuzz(name: str, arguments: list[str]) -> None:
    """Run one target for good."""
    import atheris

    with atheris.instrument_imports(include=["index", "markdown_it", "mdit_py_plugins", "yaml"]):
        target = TARGETS[name]()

    def attack(data: bytes) -> None:
        started = time.process_time()
        target(data)
        assert time.process_time() - started < SLOW, "took more than a second"

    atheris.Setup([sys.argv[0], *arguments], attack)
    atheris.Fuzz()


def front_matter() -> object:
    from index.content.frontmatter import read

    return lambda data: read("---\n" + data.decode("utf-8", "replace") + "\n---\n# x\n", "x.md")


def markdown() -> object:
    from index.content.articles import parse

    def attack(data: bytes) -> None:
        article, problems = parse("t/x", "t/x.md", data)
        assert (article is None) == any(problem.level == "fault" for problem in problems)
        if article:
            page = "".join(section.html for section in article.sections).lower()
            assert "<script" not in page
            assert not re.search(r"<[^>]+\s(?:on[a-z]+|style)\s*=|(?:href|src)\s*=\s*\W*javascript:", page)

    return attack


def queries() -> object:
    from index import Library, build

    place = Path(tempfile.mkdtemp())
    build(CONTENT, place)
    snapshot = Library(place).snapshot()

    def attack(data: bytes) -> None:
        text = data.decode("utf-8", "surrogateescape")
        results = snapshot.search(text, {"region": [text[:9]]} if len(data) % 3 == 0 else None)
        for hit in results.hits:
            assert re.fullmatch(r"(?:[^<>]|<mark>[^<>]+</mark>)*", hit.snippet)

    return attack


TARGETS = {"front matter": front_matter, "markdown": markdown, "queries": queries}

if __name__ == "__main__":
    if sys.argv[1:2] == ["--target"]:
        fuzz(sys.argv[2], sys.argv[3:])
    else:
        main()
