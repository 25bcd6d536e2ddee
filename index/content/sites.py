"""Reading `_site.yml`: the file becomes a `SiteConfig`, with a fault for each key or value that is wrong.

In: the content folder. Out: `SiteFile`: the record, the lines, the faults (`file:line`, with 您是不是想写 …).
Why a JSON Schema: `data/site.schema.json` is the one table of keys; editors complete from it, `jsonschema` checks by
it, and only what a schema cannot say is code here (contrast, names that clash, links that lead nowhere).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from index.content import colours
from index.content.frontmatter import FIELDS
from index.content.guides import GuideFile
from index.content.phones import wrong_number
from index.content.yaml_files import Place, read_yaml
from index.model import Problem
from index.site import DEFAULT_FILTERS, TOPIC, Contact, FilterSpec, LegalPage, SiteConfig, Tile

SITE_FILE = "_site.yml"
SITE_SCHEMA = Path(__file__).parent.parent / "data" / "site.schema.json"

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
    """Read `_site.yml`; the defaults where there is none or where it is at fault. OSError as reading raises."""
    path = content / SITE_FILE
    if not path.is_file():
        other = SITE_FILE.replace(".yml", ".yaml")
        message = f"没有读取：改名为 {SITE_FILE}"
        found = [Problem(other, 1, message, "warning", "skipped-file")] if (content / other).is_file() else []
        return SiteFile(problems=found)
    raw = path.read_bytes()
    values, lines, problems = read_yaml(SITE_FILE, raw)
    file = SiteFile(SiteConfig(), lines, problems)
    if not problems:
        _validate(values, file)
    if not file.problems:
        file.site = _site(values, file)
    if not file.problems:
        _judge(file, content, {("colours", name) for name in values.get("colours", {})})
    file.problems.sort(key=lambda problem: problem.line)
    return file


def dead_site_links(
    file: SiteFile, sections: Mapping[str, Collection[str]], guides: Sequence[GuideFile]
) -> list[Problem]:
    """A fault for each tile, link and contact that does not exist. `sections`: the anchors of each live article."""
    found: list[Problem] = []
    for place, address in file.links():
        article, _, anchor = address.partition("#")
        if article not in sections:
            message = f"没有文章 {article}，或它没有上线：{_hint(article, sections, '改成有的文章')}"
            found.append(file.problem(place, message, "dead-link"))
        elif anchor and anchor not in sections[article]:
            message = f"{article} 里没有小节 #{anchor}：{_hint(anchor, sections[article], '改成有的小节')}"
            found.append(file.problem(place, message, "dead-link"))
    ids = [one.guide.id for one in guides]
    for number, tile in enumerate(file.site.tiles):
        if tile.guide and tile.guide not in ids:
            message = f"没有向导 {tile.guide}：{_hint(tile.guide, ids, '改成 _guides/ 里有的向导')}"
            found.append(file.problem(("tiles", number, "guide"), message, "dead-link"))
    for one in guides:
        for name, outcome in one.guide.outcomes.items():
            if outcome.contact and outcome.contact not in file.site.contacts:
                hint = _hint(outcome.contact, file.site.contacts, f"在 {SITE_FILE} 的 contacts 里写上它")
                message = f"没有联系方式 {outcome.contact}：{hint}"
                found.append(Problem(one.path, one.lines[name], message, code="dead-contact"))
    return found


def unused_values(file: SiteFile, used: Mapping[str, Collection[str]]) -> Iterator[Problem]:
    """A warning for each filter value of a tile or contact that no article has. `used`: the values by filter."""
    entries: list[tuple[Place, Tile | Contact]] = [
        (("tiles", number), one) for number, one in enumerate(file.site.tiles)
    ]
    entries += [(("contacts", key), one) for key, one in file.site.contacts.items()]
    for place, entry in entries:
        for name, own in entry.filters.items():
            for value in own:
                if value not in used.get(name, ()):
                    hint = _hint(value, used.get(name, ()), "改成文章里用的值")
                    message = f"没有文章的 {name} 是“{value}”：{hint}"
                    yield replace(file.problem((*place, "filters", name), message, "unused-value"), level="warning")


def wrong_phones(file: SiteFile) -> Iterator[Problem]:
    """A warning for each contact whose number cannot be dialled."""
    for key, contact in file.site.contacts.items():
        for name, number in (("phone", contact.phone), ("url", contact.url)):
            if number and (name == "phone" or number.startswith("tel:")) and (wrong := wrong_number(number)):
                message = f"电话 {number} {wrong}"
                yield replace(file.problem(("contacts", key, name), message, "phone"), level="warning")


@cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(SITE_SCHEMA.read_text("utf-8"))
    return schema


def _validate(values: dict[str, Any], file: SiteFile) -> None:
    from jsonschema import Draft202012Validator  # 0.1 s that content without the file need not take

    for error in Draft202012Validator(_schema()).iter_errors(values):
        place: Place = tuple(error.absolute_path)
        name = str(place[-1]) if place else ""
        if error.validator == "additionalProperties":
            known = list(error.schema["properties"])
            for key in error.instance.keys() - set(known):
                hint = _hint(key, known, f"这里可以写 {'、'.join(known)}")
                file.fault((*place, key), f"不认识的设置 {key}：{hint}", "unknown-field")
        elif error.validator == "required":
            missing = next(key for key in error.validator_value if key not in error.instance)
            file.fault(place, f"缺少 {missing}：写上它", "missing-field")
        else:
            file.fault(place, f"{name}：{_wish(error)}", "bad-value")


def _wish(error: Any) -> str:
    """What a value should have been, in Chinese."""
    shown = " ".join(str(error.instance).split())[:40]
    rule, wanted = error.validator, error.validator_value
    if rule == "enum":
        return f"应是 {'、'.join(wanted)} 之一，不是“{shown}”{_close(shown, wanted)}"
    if rule == "type":
        kinds = {"string": "文字（加上引号）", "boolean": "true 或 false", "array": "列表", "object": "一组“字段: 值”"}
        return f"应是 {kinds[wanted]}，不是“{shown}”"
    if rule == "pattern":
        wishes = {
            "colour": '颜色，如 "#0a6564"（要加引号）',
            "date": "日期，如 2026-01-31",
            "address": "https:// 网址、mailto:、tel: 或以 / 开头的路径",
        }
        kind = next((name for name, one in _schema()["$defs"].items() if one.get("pattern") == wanted), "")
        return f"应是 {wishes.get(kind, '小写字母开头的名字，只用小写字母、数字和 _')}，不是“{shown}”"
    if rule == "anyOf":
        return "应是文字，或文字的列表"
    if rule in ("maxLength", "maxItems"):
        return f"太长了，最多 {wanted} {'个字' if rule == 'maxLength' else '项'}"
    return "是空的：写上内容，或去掉这一行"


def _close(name: str, known: Collection[str]) -> str:
    near = next(iter(get_close_matches(name, list(known), 1, 0.6)), None)
    return f"：您是不是想写 {near}？" if near else ""


def _hint(name: str, known: Collection[str], otherwise: str) -> str:
    near = next(iter(get_close_matches(name, list(known), 1, 0.6)), None)
    return f"您是不是想写 {near}？" if near else otherwise


def _site(values: Mapping[str, Any], file: SiteFile) -> SiteConfig:
    """The record; what the schema cannot say of single entries is looked at here."""
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
    names = [one.name for one in filters]
    own = values.get("colours", {})
    if accent := own.get("accent"):
        plain["light"] = colours.palette(accent, "light")
        plain["dark"] = colours.palette(own.get("accent_dark") or colours.dark_accent(accent), "dark")
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


def _applies(values: Mapping[str, Any], place: Place, known: list[str], file: SiteFile) -> dict[str, tuple[str, ...]]:
    applies = {}
    for name, own in values.items():
        if name not in known:
            hint = _hint(name, known, f"已有的是 {'、'.join(known)}")
            file.fault((*place, name), f"没有筛选项 {name}：{hint}", "unknown-filter")
        applies[name] = _list(own)
    return applies


def _list(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _judge(file: SiteFile, content: Path, given: Collection[Place]) -> None:
    """What concerns values together: contrast, links of which there must be one, dates, the logo's file."""
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
    if site.logo:
        from index.content.articles import media_file

        if not media_file(content, site.logo):
            file.fault(("logo",), f"找不到图片 {site.logo}：把它放进内容文件夹", "missing-image")
