"""The index package: content in, ranked sections out. The web application imports these names and no others.

In: a folder of Markdown. Out: `build` makes an immutable snapshot, `open_library` opens the live one and answers.
Why a seam: `helpcenter` never sees Whoosh or jieba, so another engine can stand beside them (`engine.py`).
They load on first use: a command that only prints help does not wait for numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from index.engine import Engine, Keeper, Snapshot
from index.model import (
    Answer,
    Article,
    ArticleCard,
    ArticleHit,
    ArticlePage,
    ArticleResults,
    BuildReport,
    ContentFaults,
    FacetCount,
    Guide,
    Hit,
    IndexUnavailable,
    ModelUnavailable,
    Option,
    Outcome,
    Problem,
    Question,
    Results,
    SearchUnavailable,
    Section,
    SectionLink,
    Topic,
)
from index.site import TOPIC, Contact, FilterSpec, LegalPage, Palette, SiteConfig, Tile

if TYPE_CHECKING:
    from pathlib import Path

    from index.cluster.address import Address
    from index.content.articles import read_articles
    from index.content.care import OutsideLink, Stale, outside_links, stale
    from index.content.checking import check
    from index.content.colours import unreadable
    from index.content.exports import ImportRefused
    from index.content.guides import read_guides
    from index.content.importing import import_files
    from index.content.moving import MoveRefused, move
    from index.content.outside import NoClient, cache_file, check_outside
    from index.content.site_schema import SITE_SCHEMA
    from index.content.sites import read_site
    from index.content.vanishing import vanished, write_forwards
    from index.meaning.encoder import try_model
    from index.meaning.fetching import fetch_model
    from index.meaning.installing import install_model
    from index.search.asking import MAX_LIMIT
    from index.search.evaluating import MEASURES, Evaluation, evaluate
    from index.search.judgements import FIGURES, judge, read_judgements
    from index.search.layers import LAYERS
    from index.search.live import Library
    from index.search.unfound import unfound
    from index.store.copies import publish_copy
    from index.store.signing import new_key
    from index.text.folding import fold

_LAZY = {
    "fold": "text.folding",
    "read_articles": "content.articles",
    "read_site": "content.sites",
    "SITE_SCHEMA": "content.site_schema",
    "unreadable": "content.colours",
    "check": "content.checking",
    "OutsideLink": "content.care",
    "Stale": "content.care",
    "outside_links": "content.care",
    "stale": "content.care",
    "NoClient": "content.outside",
    "cache_file": "content.outside",
    "check_outside": "content.outside",
    "read_guides": "content.guides",
    "ImportRefused": "content.exports",
    "MoveRefused": "content.moving",
    "new_key": "store.signing",
    "publish_copy": "store.copies",
    "move": "content.moving",
    "vanished": "content.vanishing",
    "write_forwards": "content.vanishing",
    "import_files": "content.importing",
    "fetch_model": "meaning.fetching",
    "install_model": "meaning.installing",
    "try_model": "meaning.encoder",
    "MEASURES": "search.evaluating",
    "Evaluation": "search.evaluating",
    "evaluate": "search.evaluating",
    "FIGURES": "search.judgements",
    "judge": "search.judgements",
    "read_judgements": "search.judgements",
    "LAYERS": "search.layers",
    "MAX_LIMIT": "search.asking",
    "Library": "search.live",
    "unfound": "search.unfound",
}

__all__ = [
    "FIGURES",
    "LAYERS",
    "MAX_LIMIT",
    "MEASURES",
    "SITE_SCHEMA",
    "TOPIC",
    "Answer",
    "Article",
    "ArticleCard",
    "ArticleHit",
    "ArticlePage",
    "ArticleResults",
    "BuildReport",
    "Contact",
    "ContentFaults",
    "Engine",
    "Evaluation",
    "FacetCount",
    "FilterSpec",
    "Guide",
    "Hit",
    "ImportRefused",
    "IndexUnavailable",
    "LegalPage",
    "Library",
    "ModelUnavailable",
    "MoveRefused",
    "NoClient",
    "Option",
    "Outcome",
    "OutsideLink",
    "Palette",
    "Problem",
    "Question",
    "Results",
    "SearchUnavailable",
    "Section",
    "SectionLink",
    "SiteConfig",
    "Snapshot",
    "Stale",
    "Tile",
    "Topic",
    "build",
    "cache_file",
    "check",
    "check_outside",
    "evaluate",
    "fetch_copy",
    "fetch_model",
    "fold",
    "import_files",
    "install_model",
    "judge",
    "move",
    "new_key",
    "open_library",
    "outside_links",
    "parse_engine",
    "publish_copy",
    "read_articles",
    "read_guides",
    "read_judgements",
    "read_site",
    "rollback",
    "stale",
    "try_model",
    "unfound",
    "unreadable",
    "vanished",
    "write_forwards",
]


def build(
    content: Path, index: Path, *, full: bool = False, key: str = "", engine: str = "", **options: Any
) -> BuildReport:
    """Bring the index up to date; see `building.build`, which takes as long to load as the last snapshot to check.

    `engine`: a cluster that keeps the postings too, see `open_library`.
    """
    from concurrent.futures import ThreadPoolExecutor

    from index.store.snapshots import IndexFolder

    with ThreadPoolExecutor(1) as pool:
        last = None if full else pool.submit(IndexFolder(index, key).checked)
        building = import_module("index.building.build")
        keeper = _keeper(engine) if engine else None
        report: BuildReport = building.build(content, index, full=full, last=last, key=key, keeper=keeper, **options)
    return report


def open_library(index: Path, key: str = "", meaning: str = "", engine: str = "") -> Engine:
    """Open the index folder `index`; with a `key` file, only snapshots signed with it.

    `meaning`: where the model of meanings is, if this machine has it; without it, or where it cannot be had, which the
    log says, asking gets by with the snapshot's own tables. `engine`: empty for our own, or the address of a cluster.
    Where an engine is chosen; nobody else names one.
    """
    from index.meaning.encoder import find_encoder

    if engine:
        from index.cluster.client import Cluster
        from index.cluster.live import ClusterLibrary

        return ClusterLibrary(index, Cluster(parse_engine(engine)), key, find_encoder(meaning))
    from index.search.live import Library

    return Library(index, key, find_encoder(meaning))


def parse_engine(text: str) -> Address:
    """What `engine` says; see `cluster/address.py`. Raises ValueError."""
    from index.cluster.address import parse_address

    return parse_address(text)


def rollback(index: Path, key: str = "", engine: str = "") -> str:
    """Make the snapshot before the live one live; returns its name. Raises IndexUnavailable where there is none."""
    from index.store.snapshots import IndexFolder

    folder = IndexFolder(index, key)
    if not engine:
        return folder.rollback()
    keeper = _keeper(engine)
    return folder.rollback(lambda place, stamp: keeper.fill(place, stamp, lambda *_: None))


def fetch_copy(address: str, index: Path, keep: int, key: str = "") -> str:
    """Make the snapshot at `address` live, if it can be opened here; see `store.copies.fetch_copy`."""
    from index.search.opening import LocalSnapshot
    from index.store import copies

    return copies.fetch_copy(address, index, keep, lambda place: LocalSnapshot(place, verify=False), key)


def _keeper(engine: str) -> Keeper:
    from index.cluster.client import BUILDING, Cluster
    from index.cluster.filling import ClusterKeeper

    return ClusterKeeper(Cluster(parse_engine(engine), *BUILDING))


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(f"index.{_LAZY[name]}"), name)
    raise AttributeError(f"module 'index' has no attribute {name!r}")
