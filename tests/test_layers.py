"""Layers are a list: a new one is a file and an entry, and shows wherever layers are named.

In: docs/adding-a-layer.md, carried out on a copy of the package. Out: what the new layer finds, and who names it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from index import LAYERS, build, open_library

ROOT = Path(__file__).parent.parent
ASKED = """
import json
from pathlib import Path
import index
from helpcenter.api.openapi import SCHEMAS
from helpcenter.commands.asking import readable
index.build(Path("content"), Path("out"))
live = index.open_library(Path("out")).snapshot()
found = live.search("载卸")
print(json.dumps({
    "matched": [hit.matched for hit in found.hits],
    "suggestion": found.suggestion,
    "marked": [hit.snippet for hit in found.hits],
    "readable": readable(found),
    "explained": live.explain("载卸", "a"),
    "described": SCHEMAS["Hit"]["properties"]["matched"],
    "true": [hit.matched for hit in live.search("软件").hits],
    "only": live.rank_articles("载卸", 5, ["backwards"]),
}))
"""


def test_a_layer_is_a_file_and_a_line(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "adding-a-layer.md").read_text("utf-8")
    file, line = (textwrap.dedent(block) for block in re.findall(r"```python\n(.*?)```", guide, re.DOTALL))
    shutil.copytree(ROOT / "index", tmp_path / "index")
    layers = tmp_path / "index" / "search" / "layers"
    name, module = file.split("\n", 1)
    (layers / Path(name.removeprefix("# ")).name).write_text(module, "utf-8")
    door = (layers / "__init__.py").read_text("utf-8")
    imported = re.findall(r"`(from index\.search\.layers\.\w+ import \w+)`", guide)[0]
    # The example goes to the front of the guesses, since `similar` finds swapped characters too.
    first = re.sub(r"Pinyin\(\), Similar\(\), Meaning\(\), (\w+\(\))", r"\1", line.strip())
    door = re.sub(r"LAYERS: .*", first, door.replace('"""\n\nfrom', f'"""\n\n{imported}\nfrom', 1))
    (layers / "__init__.py").write_text(door, "utf-8")
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "a.md").write_text("# 清理\n\n软件可以卸载。\n", "utf-8")
    environ = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    ended = subprocess.run([sys.executable, "-c", ASKED], cwd=tmp_path, env=environ, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr.decode()
    told = json.loads(ended.stdout.decode().splitlines()[-1])
    assert (told["matched"], told["suggestion"]) == (["backwards"], "卸载")
    assert "<mark>卸载</mark>" in told["marked"][0]
    assert "（倒着写）" in told["readable"]
    assert "匹配层：倒着写" in told["explained"]
    assert "backwards" in told["described"]["enum"]
    assert "倒着写" in told["described"]["description"]
    assert told["true"] == ["words"]
    assert [article for article, _ in told["only"]] == ["a"]


def test_layers_can_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "a.md").write_text("# 景点\n\n一段简单的路线，软件可以卸载。\n", "utf-8")
    build(tmp_path / "content", tmp_path / "index")
    live = open_library(tmp_path / "index").snapshot()
    by_layer = {"words": "路线", "substring": "段简", "pinyin": "xiezai", "similar": "卸在"}
    assert [*by_layer, "meaning"] == [layer.name for layer in LAYERS]  # its tests: test_meaning.py
    for name, query in by_layer.items():
        assert live.rank_articles(query, 5, [name])
        assert not live.rank_articles(query, 5, [other for other in by_layer if other != name])


def test_documents_name_every_layer() -> None:
    for page in ("docs/api.md",):
        text = (ROOT / page).read_text("utf-8")
        assert "best first: " + ", ".join(f"`{layer.name}`" for layer in LAYERS) in text


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_a_layer_says_what_it_is_called(layer: object) -> None:
    name, label = (getattr(layer, field) for field in ("name", "label"))
    assert re.fullmatch("[a-z]+", name)
    assert re.fullmatch("[\u4e00-\u9fff]+", label)
