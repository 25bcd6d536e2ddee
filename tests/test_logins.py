"""Who may look at the figures: logins to `/insights`, how they end, and whoever guesses."""

from __future__ import annotations

import base64
import time
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from support import ADMIN_TOKEN, HERE, log_in, token_of

from helpcenter import create_app
from helpcenter.settings import Settings


@pytest.fixture
def client(site: Flask) -> FlaskClient:
    return site.test_client()


def test_without_a_token_there_is_no_page(site_index: Path, database: str) -> None:
    client = create_app(Settings(index=site_index, database_url=database)).test_client()
    assert client.get("/insights").status_code == 404
    assert client.post("/insights", headers=HERE).status_code == 404


def test_the_form_opens_the_page_for_an_hour(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "搜得最多" not in client.get("/insights").text
    answer = log_in(client)
    assert answer.status_code == 303
    cookie = answer.headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=Strict", "Path=/insights", "Max-Age=3600"):
        assert part in cookie
    assert ADMIN_TOKEN not in cookie
    page = client.get("/insights")
    assert "搜得最多" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    kept = client.get_cookie("insights", path="/insights")
    assert kept
    now = time.time()
    monkeypatch.setattr("helpcenter.store.store.time.time", lambda: now + 3601)
    assert "搜得最多" not in client.get("/insights").text, "a kept cookie does not outlive its hour"
    monkeypatch.undo()
    client.post("/insights", data={"leave": "1"}, headers=HERE)
    client.set_cookie("insights", kept.value, path="/insights")
    assert "搜得最多" not in client.get("/insights").text, "a copied cookie ends with the login"


def test_logins_and_wrong_tokens_are_logged(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    log_in(client, "wrong")
    log_in(client)
    assert ["口令不对" in line or "有人登录" in line for line in caplog.messages] == [True, True]
    assert ADMIN_TOKEN not in caplog.text


def test_all_logins_can_be_ended(client: FlaskClient, site: Flask) -> None:
    log_in(client)
    other = site.test_client()
    log_in(other)
    assert other.post("/insights", data={"leave": "all"}, headers=HERE).status_code == 303
    assert "搜得最多" not in client.get("/insights").text
    log_in(client)
    site.test_client().post("/insights", data={"leave": "all"}, headers=HERE)
    assert "搜得最多" in client.get("/insights").text, "who is not logged in ends nothing"


def test_over_tls_the_cookie_stays_on_tls(client: FlaskClient) -> None:
    data = {"token": token_of(client.get("/insights").text), "password": ADMIN_TOKEN}
    answer = client.post("/insights", data=data, headers=HERE, base_url="https://localhost")
    assert "Secure" in answer.headers["Set-Cookie"]


def test_the_header_opens_it_too_and_the_address_never(client: FlaskClient) -> None:
    basic = base64.b64encode(f"anyone:{ADMIN_TOKEN}".encode()).decode()
    assert "搜得最多" in client.get("/insights", headers={"Authorization": f"Basic {basic}"}).text
    assert "搜得最多" in client.get("/insights", headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}).text
    assert client.get("/insights", headers={"Authorization": "Bearer wrong"}).status_code == 401
    for name in ("token", "password", "admin_token"):
        assert "搜得最多" not in client.get(f"/insights?{name}={ADMIN_TOKEN}").text


@pytest.mark.parametrize("cookie", ["9999999999", "9999999999.", "9999999999." + "0" * 32, "x.y", "."])
def test_a_made_up_cookie_opens_nothing(client: FlaskClient, cookie: str) -> None:
    client.set_cookie("insights", cookie, path="/insights")
    assert "搜得最多" not in client.get("/insights").text


def test_guessing_is_limited_and_cross_site_logins_are_refused(client: FlaskClient) -> None:
    assert log_in(client, ADMIN_TOKEN, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    for _ in range(10):
        assert log_in(client, "wrong").status_code == 401
    assert log_in(client, "wrong").status_code == 429
    assert log_in(client).status_code == 303, "an office shares its address with whoever guesses there"


def test_nobody_writes_without_the_token(client: FlaskClient, database: str) -> None:
    for header in ("Bearer wrong", "Basic eDp5", "Digest x"):
        assert client.get("/insights", headers={"Authorization": header}).status_code == 401
    log_in(client, "wrong")
    assert not Path(database.removeprefix("sqlite:///")).exists()
