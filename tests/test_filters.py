"""A filter is declared in one place: `content/_site.yml`. This test adds one there, and nowhere else."""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path

import pytest
from support import client_of, write_files

from index import build, check

ARTICLE = "---\ntitle: {title}\nregion: 法国\nplan: {plan}\n---\n\n## 一步 {{#one}}\n\n办理{title}。\n"


@pytest.fixture
def content(tmp_path: Path) -> Path:
    plans = {"a": ("甲", "预付费"), "b": ("乙", "[后付费, 预付费]")}
    texts = {f"topic/{name}.md": ARTICLE.format(title=title, plan=plan) for name, (title, plan) in plans.items()}
    return write_files(tmp_path / "content", texts)


def test_a_filter_is_added_as_the_guide_says(content: Path, root: Path) -> None:
    guide = (root / "docs" / "adding-a-filter.md").read_text("utf-8")
    (block,) = re.findall(r"```yaml\n( *filters:\n.*?) *```", guide, re.DOTALL)
    declared = textwrap.dedent(block)
    before = client_of(content)
    assert "plan" not in before.get("/api/v1/search").json["facets"]
    assert [problem.code for problem in check(content) if "plan" in problem.message] == ["unknown-field"] * 2

    (content / "_site.yml").write_text(declared, "utf-8")
    after = client_of(content)
    facets = after.get("/api/v1/search").json["facets"]
    assert facets["plan"] == [{"value": "预付费", "count": 2}, {"value": "后付费", "count": 1}]
    assert after.get("/api/v1/search?plan=后付费").json["total"] == 1
    page = after.get("/search?q=办理").text
    assert '<span class="filter-name" aria-hidden="true">套餐</span>' in page
    assert 'name="plan" value="后付费"' in page
    chosen = after.get("/search?q=办理&plan=后付费").text
    assert "去掉筛选：后付费" in chosen
    assert "套餐" in after.get("/articles/topic/b").text
    stated = after.get("/openapi.json").json
    parameters = {one["name"]: one["description"] for one in stated["paths"]["/api/v1/search"]["get"]["parameters"]}
    assert parameters["plan"] == "套餐，如 `预付费`"
    assert "plan" in stated["components"]["schemas"]["Results"]["properties"]["facets"]["properties"]
    assert not [problem for problem in check(content) if problem.code == "unknown-field"]


def test_filters_are_shown_in_the_declared_order_and_hidden_where_asked(content: Path) -> None:
    (content / "_site.yml").write_text(
        "filters:\n- {name: topic, label: 分类}\n- {name: plan, label: 套餐}\n- {name: region, shown: false}\n", "utf-8"
    )
    (content / "other").mkdir()
    (content / "other" / "c.md").write_text(ARTICLE.format(title="丙", plan="后付费").replace("法国", "欧盟"), "utf-8")
    client = client_of(content)
    shown = re.findall(r'class="filter-name" aria-hidden="true">(.*?)<', client.get("/search?q=办理").text)
    assert shown == ["分类", "套餐"]
    assert "欧盟" not in client.get("/articles/other/c").text.partition("<h2")[0]
    assert client.get("/api/v1/search?region=欧盟").json["total"] == 1
    assert "去掉筛选：欧盟" in client.get("/search?region=欧盟").text


def test_a_value_that_means_any_is_not_offered(content: Path) -> None:
    (content / "_site.yml").write_text("filters: [{name: plan, label: 套餐, any: 预付费}]\n", "utf-8")
    page = client_of(content).get("/search?q=办理").text
    assert 'value="后付费"' in page
    assert 'value="预付费"' not in page


def test_a_changed_declaration_reads_every_article_again(content: Path) -> None:
    index = content.parent / "index"
    build(content, index)
    (content / "_site.yml").write_text("filters: [{name: plan, label: 套餐}]\n", "utf-8")
    report = build(content, index)
    assert report.full
    assert report.reason == "筛选项有变化"
    (content / "_site.yml").write_text("filters: [{name: plan, label: 资费}]\n", "utf-8")
    assert not build(content, index).full


def test_no_program_names_a_filter(root: Path) -> None:
    names = {"region", "carrier", "situation", "device"}
    for package in ("helpcenter", "index"):
        for path in (root / package).rglob("*.py"):
            tree = ast.parse(path.read_text("utf-8"))
            found = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)} & names
            assert not found or path.name == "site.py", path
    static = root / "helpcenter" / "static"
    for path in [*(root / "templates").iterdir(), *static.glob("*.js"), *static.glob("pocket/*.js")]:
        text = path.read_text("utf-8").replace('role="region"', "")  # a landmark for screen readers
        assert not re.search(r"[\"'.](region|carrier|situation|device)[\"'\s=]", text), path
