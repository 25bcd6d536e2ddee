"""Permissions: what docs/scaling.md says a user of OpenSearch's security plugin needs is enough, and less is refused.

In: nothing. Out: a line for each thing tried; exit code 1 where one went otherwise. `.ci/need opensearch-security` gets
the plugin. TLS is on, certificates are verified, users and roles are made as an operator makes them, the roles read out
of the document. Maven Central has no plugin for the OpenSearch that we test with, so an older one is told that it fits.
"""

from __future__ import annotations

import base64
import json
import re
import ssl
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from nodes import ARCHIVE, Nodes, missing

from index import IndexUnavailable, build, open_library, rollback

ROOT = Path(__file__).parents[2]
PLUGIN = "opensearch-security"
PASSWORD = "Sesame-opens-19-doors"
ADMIN = "admin:admin"  # as the plugin's own example has it


class Secured(Nodes):
    """A node with the security plugin, its certificate and its example of users."""

    @property
    def certificate(self) -> Path:
        """What clients trust."""
        return self.folder / "n0" / "config" / "node.pem"

    def _settings(self, number: int) -> dict[str, object]:
        config = self.folder / f"n{number}" / "config"
        plugin = self._home / "plugins" / PLUGIN
        with zipfile.ZipFile(ARCHIVE.with_name(f"{PLUGIN}.zip")) as archive:
            archive.extractall(plugin)
        (core,) = (self._home / "lib").glob("opensearch-[0-9]*.jar")
        version = core.stem.removeprefix("opensearch-")
        descriptor = plugin / "plugin-descriptor.properties"
        descriptor.write_text(re.sub(r"(opensearch\.version=).*", rf"\g<1>{version}", descriptor.read_text()))
        there = {_library(jar) for jar in (self._home / "lib").glob("*.jar")}
        for jar in plugin.glob("*.jar"):
            if _library(jar) in there:  # no class may be there twice
                jar.unlink()
        (plugin / "config").rename(config / PLUGIN)
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=node"),
                *("-addext", "subjectAltName=IP:127.0.0.1"),
                *("-keyout", config / "node-key.pem", "-out", config / "node.pem"),
            ],
            check=True,
            capture_output=True,
        )
        files = {"pemcert": "node.pem", "pemkey": "node-key.pem", "pemtrustedcas": "node.pem"}
        return {
            **super()._settings(number),
            **{
                f"plugins.security.ssl.{layer}.{key}_filepath": name
                for layer in ("http", "transport")
                for key, name in files.items()
            },
            "plugins.security.ssl.http.enabled": True,
            "plugins.security.nodes_dn": ["CN=node"],
            "plugins.security.allow_default_init_securityindex": True,
            "plugins.security.restapi.roles_enabled": ["all_access"],
        }

    def get(self, number: int, path: str) -> Any:
        """What the node answers to its administrator, as JSON."""
        return self.ask("GET", path)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Send what only the administrator may."""
        login = base64.b64encode(ADMIN.encode()).decode()
        headers = {"authorization": f"Basic {login}", "content-type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"https://{self.hosts[0]}{path}", data, headers, method=method)
        trusted = ssl.create_default_context(cafile=str(self.certificate))
        with urlopen(request, timeout=30, context=trusted) as answer:
            return json.load(answer)

    def add(self, user: str, on_indexes: list[str], on_cluster: list[str]) -> None:
        """Make a user with a role that may do just that."""
        permissions = [{"index_patterns": ["help-*"], "allowed_actions": on_indexes}] if on_indexes else []
        role = {"cluster_permissions": on_cluster, "index_permissions": permissions}
        security = "/_plugins/_security/api"
        self.ask("PUT", f"{security}/roles/{user}", role)
        self.ask("PUT", f"{security}/internalusers/{user}", {"password": PASSWORD})
        self.ask("PUT", f"{security}/rolesmapping/{user}", {"users": [user]})


def _library(jar: Path) -> str:
    return re.sub(r"-[\d.]+$", "", jar.stem)


def documented() -> Iterator[tuple[str, list[str], list[str]]]:
    """Who needs what, by the table of docs/scaling.md."""
    table = (ROOT / "docs" / "scaling.md").read_text("utf-8").partition("| who | on `help-*` | of the cluster |")[2]
    for line in table.strip().splitlines()[1:3]:
        who, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        on_indexes, on_cluster = (re.findall("`([^`]+)`", cell) for cell in cells)
        yield who.replace(" ", ""), on_indexes, on_cluster


def main() -> int:
    """Try all; 1 where something went otherwise."""
    lacking = missing() or (
        "" if ARCHIVE.with_name(f"{PLUGIN}.zip").exists() else "not fetched (.ci/need opensearch-security)"
    )
    if lacking:
        print(f"permissions: {lacking}")
        return 0
    faults: list[str] = []

    @contextmanager
    def trying(what: str, told: str = "") -> Iterator[None]:
        """`told`: what the refusal must say; empty where nothing may be refused."""
        said = ""
        try:
            yield
        except IndexUnavailable as error:
            said = str(error)
        good = (told in said and PASSWORD not in said) if told else not said
        faults.extend([] if good else [what])
        print(f"{'ok' if good else 'WRONG'}: {what}{': ' + said if said else ''}", flush=True)

    with tempfile.TemporaryDirectory() as folder, Secured() as nodes:

        def engine(user: str, options: str = f"?ca={nodes.certificate}", password: str = PASSWORD) -> str:
            return f"opensearch+https://{user}:{password}@{nodes.hosts[0]}/help{options}"

        for user, on_indexes, on_cluster in documented():
            nodes.add(user, on_indexes, on_cluster)
            print(f"{user}: {on_indexes} {on_cluster}")
        nodes.add("nobody", [], [])
        content, place = Path(folder) / "content", Path(folder) / "index"
        content.mkdir()
        for number in range(10, 20):  # so many that the second build clones
            (content / f"b{number}.md").write_text(f"# 第{number}篇\n\n先报失，再补卡。\n", "utf-8")

        def write(version: int) -> None:
            (content / "a.md").write_text(f"# 手机丢失\n\n第{version}版，先报失，再补卡。\n", "utf-8")

        def search(user: str, **options: str) -> None:
            library = open_library(place, engine=engine(user, **options))
            for attempt in range(10):
                try:
                    library.ready()
                    for query in ("补咖", "先报失", "shouji"):
                        library.snapshot().search(query)
                    return
                except IndexUnavailable as error:
                    if "Timeout" not in str(error) or attempt == 9:
                        raise
                    time.sleep(1)  # a node that has just started

        for version in range(3):  # the third sweeps the first
            write(version)
            with trying(f"the builder builds version {version}"):
                build(content, place, keep=2, engine=engine("builder"))
        with trying("the builder rolls back"):
            rollback(place, engine=engine("builder"))
        with trying("a front end searches"):
            search("frontends")
        write(3)
        with trying("a front end must not build", "no permissions for [indices:admin/"):
            build(content, place, engine=engine("frontends"))
        with trying("a user without permissions must not build", "no permissions for"):
            build(content, place, engine=engine("nobody"))
        with trying("a user without permissions must not search", "no permissions for"):
            search("nobody")
        with trying("a wrong password", "401"):
            search("frontends", password="wrong")
        with trying("a certificate that nobody vouches for", "SSL"):
            search("frontends", options="")
        with trying("the old index is served all the while"):
            search("frontends")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
