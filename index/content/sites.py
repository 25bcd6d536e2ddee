"""Reading `_site.yml`: the file becomes a `SiteConfig`, with a fault for each key or value that is wrong.

In: the content folder. Out: `SiteFile`: the record, the lines, the faults (`file:line`, with 您是不是想写 …). What the
schema allows is `site_schema.py`; here is what it cannot say (contrast, names that clash), and in `site_links.py` what
needs the rest of the content. One run names all faults: what is at fault is taken out, and the rest looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from index.content import colours
from index.content.frontmatter import FIELDS
from index.content.site_schema import faults, hint, prune
from index.content.yaml_files import Place, read_yaml
from index.model import Problem
from index.site import DEFAULT_FILTERS, TOPIC, Contact, FilterSpec, LegalPage, SiteConfig, Tile

SITE_FILE = "_site.yml"

_PARAMETERS = ("q", "page", "limit", "offset")
"""What addresses of the search use besides filters."""
_URGENCY_LABELS = {"now": "立即", "soon": "尽快", "self": "自己可办"}


@dataclass(slots=True)
class SiteFile:
    """What `_site.yml` says, and where."""

    site: SiteConfig = field(default_factory=SiteConfig)
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, place: Place, message: str, code: str) -> Problem:
        """A fault at the nearest place that has a line."""
        while place and place not in self.lines:
            place = place[:-1]
        return Problem(SITE_FILE, self.lines.get(place, 1), message, code=code)

    def fault(self, place: Place, message: str, code: str) -> None:
        """Add a fault."""
        self.problems.append(self.problem(place, message, code))

    def links(self) -> Iterator[tuple[Place, str]]:
        """Every article that the site names, as `id` or `id#anchor`, and where."""
        both: tuple[tuple[str, Sequence[Tile | LegalPage]], ...] = (
            ("tiles", self.site.tiles),
            ("legal", self.site.legal),
        )
        for name, entries in both:
            yield from (((name, number, "article"), one.article) for number, one in enumerate(entries) if one.article)

    @property
    def articles(self) -> set[str]:
        """The ids of the articles that the site names."""
        return {address.partition("#")[0] for _, address in self.links()}


def read_site(content: Path) -> SiteFile:
    """Read `_site.yml`; the defaults where there is none, and for what is at fault. OSError as reading raises."""
    path = content / SITE_FILE
    if not path.is_file():
        other = SITE_FILE.replace(".yml", ".yaml")
        message = f"没有读取：改名为 {SITE_FILE}"
        found = [Problem(other, 1, message, "warning", "skipped-file")] if (content / other).is_file() else []
        return SiteFile(problems=found)
    raw = path.read_bytes()
    values, lines, problems = read_yaml(SITE_FILE, raw)
    file = SiteFile(SiteConfig(), lines, problems)
    colours_given = values.get("colours")
    given: set[Place] = {("colours", name) for name in colours_given} if isinstance(colours_given, dict) else set()
    wrong = list(faults(values))
    for place, message, code in wrong:
        file.fault(place, message, code)
    prune(values, file.lines)
    file.site = _site(values, file, sure=all(place[:1] != ("filters",) for place, _, _ in wrong))
    _judge(file, content, given)
    file.problems.sort(key=lambda problem: problem.line)
    return file


def _site(values: Mapping[str, Any], file: SiteFile, sure: bool) -> SiteConfig:
    """The record; what the schema cannot say of single entries is looked at here. `sure`: all filters are known."""
    texts = ("name", "short_name", "description", "logo", "footer", "about", "theme", "support")
    plain = {name: values[name] for name in texts if name in values}
    groups = {
        "hero": {"title": "hero_title", "text": "hero_text"},
        "search": {"example": "search_example"},
        "notes": {"expired": "note_expired", "unverified": "note_unverified", "nothing": "note_nothing"},
        "languages": {"traditional": "traditional", "words": "traditional_words"},
    }
    for group, keys in groups.items():
        own = values.get(group, {})
        plain |= {ours: own[theirs] for theirs, ours in keys.items() if theirs in own}
    filters = tuple(_filters(values.get("filters"), file)) or DEFAULT_FILTERS
    names = [one.name for one in filters] if sure else None
    own = values.get("colours", {})
    if accent := own.get("accent"):
        plain["light"] = colours.palette(accent, "light")
        on_dark = own.get("accent_dark") or colours.dark_accent(accent)
        plain["dark"] = colours.palette(on_dark, "dark", band_of=accent)
    tiles = []
    for number, one in enumerate(values.get("tiles", [])):
        applies = _applies(one.get("filters", {}), ("tiles", number, "filters"), names, file)
        label = one.get("urgency_label") or _URGENCY_LABELS.get(one.get("urgency", ""), "")
        tiles.append(Tile(**{**one, "filters": applies, "urgency_label": label}))
    contacts = {}
    for key, one in values.get("contacts", {}).items():
        applies = _applies(one.get("filters", {}), ("contacts", key, "filters"), names, file)
        contacts[key] = Contact(**{**one, "filters": applies})
    return SiteConfig(
        **plain,
        screenshots=tuple(values.get("screenshots", ())),
        search_tips=tuple(values.get("search", {}).get("tips", ())),
        tiles=tuple(tiles),
        contacts=contacts,
        filters=filters,
        legal=tuple(LegalPage(**one) for one in values.get("legal", [])),
    )


def _filters(declared: list[dict[str, Any]] | None, file: SiteFile) -> Iterator[FilterSpec]:
    if declared is None:
        return
    seen: set[str] = set()
    for number, one in enumerate(declared):
        name, place = one["name"], ("filters", number, "name")
        if name in seen:
            file.fault(place, f"筛选项 {name} 写了两次：去掉一个", "repeated-name")
        elif name in (*FIELDS, *_PARAMETERS):
            file.fault(place, f"{name} 已有别的用处，不能作筛选项：换一个名字", "reserved-name")
        else:
            yield FilterSpec(
                name,
                one.get("label", "主题" if name == TOPIC else name),
                one.get("shown", True),
                _list(one.get("any", ())),
            )
        seen.add(name)
    if TOPIC not in seen:
        yield FilterSpec(TOPIC, "主题")


def _applies(
    values: Mapping[str, Any], place: Place, known: list[str] | None, file: SiteFile
) -> dict[str, tuple[str, ...]]:
    applies = {}
    for name, own in values.items():
        if known is not None and name not in known:
            meant = hint(name, known, f"已有的是 {'、'.join(known)}")
            file.fault((*place, name), f"没有筛选项 {name}：{meant}", "unknown-filter")
        applies[name] = _list(own)
    return applies


def _list(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _judge(file: SiteFile, content: Path, given: Collection[Place]) -> None:
    """What concerns values together: contrast, links of which there must be one, dates, files of pictures."""
    site = file.site
    for name, palette, appearance in (("accent", site.light, "light"), ("accent_dark", site.dark, "dark")):
        place: Place = ("colours", name)
        if palette and (why := colours.unreadable(palette.accent, appearance)):
            file.fault(place, f"{name} {why}", "low-contrast")
        if place in file.lines and place not in given:
            file.fault(place, f'{name} 没有值：颜色要加引号，如 "#0a6564"', "bad-value")
    if ("colours", "accent_dark") in given and ("colours", "accent") not in given:
        file.fault(("colours",), "只写了 accent_dark：把 accent 也写上", "missing-field")
    for number, tile in enumerate(site.tiles):
        ways = [bool(tile.article), bool(tile.guide), bool(tile.search or tile.filters)]
        if sum(ways) != 1:
            message = f"入口“{tile.label}”要通向一处：article、guide、search（可加 filters）里写一个"
            file.fault(("tiles", number), message, "bad-link")
    for number, page in enumerate(site.legal):
        if bool(page.article) == bool(page.url):
            file.fault(("legal", number), f"“{page.label}”要通向一处：article 和 url 里写一个", "bad-link")
    for key, contact in site.contacts.items():
        if contact.verified:
            try:
                date.fromisoformat(contact.verified)
            except ValueError:
                message = f"verified 的日期“{contact.verified}”不存在：年-月-日，如 2026-01-31"
                file.fault(("contacts", key, "verified"), message, "bad-date")
    pictures: list[tuple[Place, str]] = [(("logo",), site.logo)] if site.logo else []
    pictures += [(("screenshots", number), path) for number, path in enumerate(site.screenshots)]
    if pictures:
        from index.content.articles import media_file

        for place, path in pictures:
            if not media_file(content, path):
                file.fault(place, f"找不到图片 {path}：把它放进内容文件夹", "missing-image")
