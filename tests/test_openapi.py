"""The API's description is true: field by field, and against a running server with inputs that nobody thought of."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

import jsonschema_rs
import pytest
from flask.testing import FlaskClient

from helpcenter import create_app
from helpcenter.api.openapi import described_filters, document, schemas
from helpcenter.api.results_json import results_to_json
from helpcenter.settings import Settings
from index import LAYERS, FacetCount, Hit, Results

FILTERS = described_filters(None)
SCHEMAS = schemas(FILTERS)


@pytest.mark.parametrize(
    "options",
    [["--max-examples=60", "--seed=1"], pytest.param(["--max-examples=2000"], marks=pytest.mark.stress)],
    ids=["short", "long"],
)
def test_the_running_server_keeps_to_the_description(live_server: str, tmp_path: Path, options: list[str]) -> None:
    # Its command, since its pytest plugin lags behind pytest; the command also sends what the description forbids.
    attack = subprocess.run(
        [Path(sys.executable).with_name("st"), "run", f"{live_server}/openapi.json", "--no-color",
         "--suppress-health-check=filter_too_much", *options],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert attack.returncode == 0, attack.stdout
    assert re.search(r"Tested: 8\b", attack.stdout)
    generated = re.search(r"(\d+) generated, (\d+) passed", attack.stdout)
    assert generated
    assert int(generated[1]) == int(generated[2]) > 100


def validator(name: str) -> Any:
    """Of one schema of the document."""
    whole = document("站", "http://localhost", FILTERS)
    return jsonschema_rs.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": whole["components"]}
    )


def test_the_document_names_its_version_and_where_it_is_served(client: FlaskClient) -> None:
    answer = client.get("/openapi.json", base_url="https://help.example.org")
    assert answer.mimetype == "application/json"
    stated = answer.json
    assert re.fullmatch(r"3\.1\.\d", stated["openapi"])
    assert stated["servers"] == [{"url": "https://help.example.org"}]
    assert {"/api/v1/search", "/api/v1/articles", "/healthz", "/readyz"} <= set(stated["paths"])


def test_every_field_of_a_result_is_described_and_no_other() -> None:
    hit = Hit("a", "b", "题", "节", "主题", "/articles/a#b", "<mark>x</mark>", 1.5, "words")
    facets = {name: (FacetCount("值", 2),) for name in FILTERS}
    written = results_to_json(Results("问", 1, 1, (hit,), facets, None, 0.25), ())
    validator("Results").validate(json.loads(json.dumps(written)))
    assert set(written) == set(SCHEMAS["Results"]["properties"])
    assert set(written["results"][0]) == set(SCHEMAS["Hit"]["properties"])
    assert set(written["facets"]) == set(SCHEMAS["Results"]["properties"]["facets"]["properties"])
    assert set(written["facets"]["region"][0]) == set(SCHEMAS["FacetCount"]["properties"])
    assert SCHEMAS["Hit"]["properties"]["matched"]["enum"] == [layer.name for layer in LAYERS]
    written["results"][0]["secret"] = 1
    assert not validator("Results").is_valid(json.loads(json.dumps(written)))


@pytest.mark.parametrize("query", ["", "丢失", "法国 丢失", "diushi", "饕餮龘靐", "（", "a" * 200])
def test_real_answers_fit_the_description(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/api/v1/search?q={quote(query)}&limit=100")
    assert answer.status_code == 200
    validator("Results").validate(answer.json)


@pytest.mark.parametrize("path", ["", "/replace", "/replace/fr", "/replace/fr/lost/orange"])
def test_guides_fit_the_description(client: FlaskClient, path: str) -> None:
    answer = client.get(f"/api/v1/guides{path}")
    assert answer.status_code == 200
    validator("GuideState" if path else "GuideList").validate(answer.json)
    lost = client.get(f"/api/v1/guides{path}/nowhere")
    assert lost.status_code == 404
    validator("Error").validate(lost.json)


def test_no_section_answers_where_no_article_does(client: FlaskClient) -> None:
    unanswered = [
        client.get(f"/api/v1/search?q={quote(query)}").json for query in ("披萨外卖", "银行贷款利率", "洗衣机坏了")
    ]
    assert [one["answered"] for one in unanswered] == [False] * 3
    assert [one["answer"] for one in unanswered] == [None] * 3


def test_limits_are_the_stated_ones(client: FlaskClient) -> None:
    search = document("站", "", FILTERS)["paths"]["/api/v1/search"]["get"]
    stated = {parameter["name"]: parameter["schema"] for parameter in search["parameters"]}
    assert set(stated) == {"q", "limit", "offset", *FILTERS}
    for name in ("limit", "offset"):
        for number, code in ((stated[name]["minimum"], 200), (stated[name]["maximum"], 200)):
            assert client.get(f"/api/v1/search?{name}={number}").status_code == code
        for number in (stated[name]["minimum"] - 1, stated[name]["maximum"] + 1):
            refused = client.get(f"/api/v1/search?{name}={number}")
            assert refused.status_code == 400
            validator("Error").validate(refused.json)
            assert name in refused.json["error"]["message"]
    assert len(client.get("/api/v1/search").json["results"]) == stated["limit"]["default"]
    assert client.get("/api/v1/search?q=" + "长" * (stated["q"]["maxLength"] + 1)).status_code == 400


def test_a_parameter_given_twice_or_left_empty_is_refused(client: FlaskClient) -> None:
    for query in ("limit=1&limit=2", "offset=0&offset=0", "q=a&q=b", "limit=", "offset=%20"):
        refused = client.get(f"/api/v1/search?{query}")
        assert refused.status_code == 400, query
        assert query[0] in refused.json["error"]["message"]


def test_filters_are_the_described_ones(client: FlaskClient) -> None:
    everything = client.get("/api/v1/search?limit=1").json
    for name in FILTERS:
        value = everything["facets"][name][0]
        narrowed = client.get(f"/api/v1/search?{name}={quote(value['value'])}&limit=1").json
        assert narrowed["total"] == value["count"]


def test_without_an_index_search_and_readyz_answer_as_described(tmp_path: Path) -> None:
    client = create_app(Settings(index=tmp_path / "none")).test_client()
    answer = client.get("/api/v1/search?q=x")
    assert answer.status_code == 503
    validator("Error").validate(answer.json)
    assert client.get("/readyz").status_code == 503
    assert client.get("/openapi.json").status_code == 200


def test_the_guide_describes_every_parameter_and_field(root: Path) -> None:
    guide = (root / "docs" / "api.md").read_text("utf-8")
    for schema in document("站", "", FILTERS)["components"]["schemas"].values():
        for name in schema["properties"]:
            assert f"`{name}`" in guide, name
    for address in document("站", "", FILTERS)["paths"]:
        assert f"`{address}`" in guide, address


def test_the_document_is_served_by_the_real_server(live_server: str) -> None:
    with urlopen(f"{live_server}/openapi.json", timeout=10) as answer:
        assert json.load(answer)["servers"] == [{"url": live_server}]
