"""The site: what makes a help center this one and no other, as `content/_site.yml` says it.

In: nothing. Out: `SiteConfig`, the record that a snapshot keeps, and its defaults for content without that file. Why
records of their own: filters, tiles, contacts and words are read by pages, API and command line alike, and none of them
may know a name, a colour or a filter by heart. `content/sites.py` reads the file, `data/site.schema.json` says what it
may hold; a new key is added there, here and in docs/site.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

TOPIC = "topic"
"""The filter that every site has: its values are the folders."""


@dataclass(frozen=True, slots=True)
class FilterSpec:
    """One filter: a field of front matter that readers can narrow a search by."""

    name: str
    """The field in front matter, and the parameter in addresses."""
    label: str
    """What readers see."""
    shown: bool = True
    """Whether pages offer it; addresses and the API take it all the same."""
    any: tuple[str, ...] = ()
    """Values that narrow nothing, such as 不限: no page offers them, since whoever chooses none has them already."""


DEFAULT_FILTERS = (
    FilterSpec("region", "地区"),
    FilterSpec("carrier", "运营商"),
    FilterSpec("situation", "情况"),
    FilterSpec("device", "设备"),
    FilterSpec(TOPIC, "主题"),
)
"""The filters of content that declares none."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A large entry of the home page. Leads to exactly one of an article, a guide or a search."""

    label: str
    first: str = ""
    """The first thing to do, in one sentence."""
    urgency: str = ""
    """`now`, `soon`, `self`, or nothing: how it is coloured."""
    urgency_label: str = ""
    """How urgency is said, e.g. 立即."""
    icon: str = ""
    article: str = ""
    """`id` or `id#anchor`."""
    guide: str = ""
    search: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Filter values of the search."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Where a person can be reached."""

    name: str
    phone: str = ""
    hours: str = ""
    url: str = ""
    note: str = ""
    verified: str = ""
    """ISO date of the last check; empty: never checked, and pages say so."""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Where it applies: an article that shares a value with each of these filters shows it."""


@dataclass(frozen=True, slots=True)
class LegalPage:
    """A link at the foot of every page, such as 隐私政策."""

    label: str
    article: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours that follow from an accent, for light or for dark pages; `#rrggbb` each."""

    accent: str
    soft: str
    """Behind text in the accent."""
    band: str
    """Behind the header."""
    on_band_quiet: str
    """Small text there."""


@dataclass(frozen=True, slots=True)
class SiteConfig:
    """One site. Texts are Simplified Chinese; an empty one means that pages leave the place out."""

    name: str = "帮助中心"
    short_name: str = "帮助"
    description: str = ""
    """For search engines, feeds and language models; empty: made from the name."""
    logo: str = ""
    """Path of a picture in the content folder."""
    screenshots: tuple[str, ...] = ()
    """Likewise, of the site itself; a phone shows them before it puts the site on its home screen."""
    light: Palette | None = None
    dark: Palette | None = None
    """Own colours, proven readable when the snapshot was built; None: those of the style sheet."""
    hero_title: str = "有什么可以帮您？"
    hero_text: str = "写明先做什么、后做什么。"
    tiles: tuple[Tile, ...] = ()
    search_example: str = ""
    search_tips: tuple[str, ...] = ()
    """Short queries that find something, offered where nothing was found."""
    footer: str = ""
    about: str = ""
    """Whom the site is for, as the end of a sentence: 写给 …。"""
    note_expired: str = "内容可能已经变化，请先核实。"
    note_unverified: str = "内容请以官方公布的为准。"
    note_nothing: str = ""
    """What to do where nothing was found and there is no support address."""
    contacts: Mapping[str, Contact] = field(default_factory=dict)
    filters: tuple[FilterSpec, ...] = DEFAULT_FILTERS
    """In the order they are shown; `topic` is always among them."""
    traditional: bool = True
    """Whether readers are offered the Traditional mirror."""
    traditional_words: Mapping[str, str] = field(default_factory=dict)
    """What to replace there, beyond what OpenCC knows; both in Traditional."""
    theme: str = "auto"
    """`auto`, `light` or `dark`: how pages look until a reader chooses."""
    support: str = ""
    """Address of human help: `https:`, `mailto:`, `tel:` or a path."""
    legal: tuple[LegalPage, ...] = ()

    @property
    def filter_names(self) -> tuple[str, ...]:
        """Names of all filters, `topic` included, in order."""
        return tuple(one.name for one in self.filters)

    @property
    def fields(self) -> tuple[str, ...]:
        """The filters that are fields of front matter: all but `topic`."""
        return tuple(name for name in self.filter_names if name != TOPIC)


def site_from_json(record: Mapping[str, Any]) -> SiteConfig:
    """The inverse of `dataclasses.asdict` for a site that went through JSON."""
    return SiteConfig(
        **{
            **record,
            "tiles": tuple(Tile(**{**one, "filters": _tuples(one["filters"])}) for one in record["tiles"]),
            "contacts": {
                key: Contact(**{**one, "filters": _tuples(one["filters"])}) for key, one in record["contacts"].items()
            },
            "light": Palette(**record["light"]) if record["light"] else None,
            "dark": Palette(**record["dark"]) if record["dark"] else None,
            "screenshots": tuple(record.get("screenshots", ())),  # older snapshots have none
            "search_tips": tuple(record["search_tips"]),
            "filters": tuple(FilterSpec(**{**one, "any": tuple(one["any"])}) for one in record["filters"]),
            "legal": tuple(LegalPage(**one) for one in record["legal"]),
        }
    )


def _tuples(values: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(own) for name, own in values.items()}
