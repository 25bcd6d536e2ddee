"""Other origins: who may read the API from a script, and what everybody else is told."""

from __future__ import annotations

from pathlib import Path

from helpcenter import create_app
from helpcenter.settings import Settings


def test_only_named_origins_may_read_the_api_and_nothing_else(site_index: Path) -> None:
    client = create_app(Settings(index=site_index, cors_origins=("https://Shop.example",))).test_client()
    for _ in range(2):  # the second comes from the answer cache
        for origin, allowed in (
            ("https://shop.example", "https://shop.example"),
            ("https://evil.example", None),
            ("null", None),
        ):
            answer = client.get("/api/v1/search?q=x", headers={"Origin": origin})
            assert answer.status_code == 200
            assert answer.headers.get("Access-Control-Allow-Origin") == allowed
            assert "Origin" in ", ".join(answer.headers.getlist("Vary")).split(", ")
    assert (
        "Access-Control-Allow-Credentials"
        not in client.get("/api/v1/search", headers={"Origin": "https://shop.example"}).headers
    )
    for address in ("/", "/search?q=x", "/metrics", "/articles/emergency/lost-phone"):
        answer = client.get(address, headers={"Origin": "https://shop.example"})
        assert "Access-Control-Allow-Origin" not in answer.headers
    error = client.get("/api/v1/search?limit=x", headers={"Origin": "https://shop.example"})
    assert error.status_code == 400
    assert error.headers["Access-Control-Allow-Origin"] == "https://shop.example"


def test_preflight(site_index: Path) -> None:
    client = create_app(Settings(index=site_index, cors_origins=("https://shop.example",))).test_client()
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "if-none-match"}
    answer = client.options("/api/v1/search", headers=asked | {"Origin": "https://shop.example"})
    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "GET" in answer.headers["Access-Control-Allow-Methods"]
    assert "If-None-Match" in answer.headers["Access-Control-Allow-Headers"]
    refused = client.options("/api/v1/search", headers=asked | {"Origin": "https://evil.example"})
    assert not [name for name, _ in refused.headers if name.startswith("Access-Control")]


def test_without_the_setting_nobody_may_and_with_a_star_everybody(site_index: Path) -> None:
    origin = {"Origin": "https://shop.example"}
    answer = create_app(Settings(index=site_index)).test_client().get("/api/v1/search", headers=origin)
    assert "Access-Control-Allow-Origin" not in answer.headers
    answer = (
        create_app(Settings(index=site_index, cors_origins=("*",))).test_client().get("/api/v1/search", headers=origin)
    )
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
