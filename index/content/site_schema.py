"""What `_site.yml` may hold: its values against `data/site.schema.json`, each fault said in Chinese.

In: the values of the file. Out: faults with their places; the values less what is at fault, so that everything else is
looked at in the same run. Why a JSON Schema: it is the one table of keys; editors complete from it, `jsonschema` checks
by it, and only what a schema cannot say is code (`sites.py`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from index.content.yaml_files import Place

SITE_SCHEMA = Path(__file__).parent.parent / "data" / "site.schema.json"


def faults(values: dict[str, Any]) -> Iterator[tuple[Place, str, str]]:
    """Where, a message and a code for each value that the schema does not allow."""
    for error in _errors(values):
        place: Place = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            known = list(error.schema["properties"])
            otherwise = f"这里可以写 {'、'.join(known)}"
            for key in sorted(_unknown(error)):
                yield (*place, key), f"不认识的设置 {key}：{hint(key, known, otherwise)}", "unknown-field"
        elif error.validator == "required":
            missing = next(key for key in error.validator_value if key not in error.instance)
            yield place, f"缺少 {missing}：写上它", "missing-field"
        else:
            yield place, f"{place[-1] if place else ''}：{_wish(error)}", "bad-value"


def prune(values: dict[str, Any], lines: dict[Place, int]) -> None:
    """Take what is at fault out of `values`; where that shortens a list, `lines` follow."""
    while errors := _errors(values):  # every round takes something out
        drops: set[Place] = set()
        for error in errors:
            place: Place = tuple(error.absolute_path)
            extra = error.validator == "additionalProperties"
            drops |= {(*place, key) for key in _unknown(error)} if extra else {place}
        for place in sorted(drops, reverse=True):
            _drop(values, lines, place)


def icon_fault(name: str) -> str:
    """Why a topic cannot have the drawing of that name; empty where it can, or names none."""
    known = _schema()["properties"]["tiles"]["items"]["properties"]["icon"]["enum"]
    return "" if not name or name in known else f"字段 icon {_one_of(name, known)}"


def hint(name: str, known: Collection[str], otherwise: str) -> str:
    """The known name that was probably meant; `otherwise` where none is near."""
    near = next(iter(get_close_matches(name, list(known), 1, 0.6)), None)
    return f"您是不是想写 {near}？" if near else otherwise


def _drop(values: Any, lines: dict[Place, int], place: Place) -> None:
    *above, last = place
    for key in above:
        values = values[key]
    del values[last]
    if isinstance(last, int):
        depth = len(above)
        later = {at: line for at, line in lines.items() if at[:depth] == tuple(above) and len(at) > depth}
        for at in later:
            del lines[at]
        for at, line in later.items():
            number = at[depth]
            assert isinstance(number, int)
            if number != last:
                lines[(*above, number - (number > last), *at[depth + 1 :])] = line


def _errors(values: dict[str, Any]) -> list[Any]:
    from jsonschema import Draft202012Validator  # 0.1 s that content without the file need not take

    return list(Draft202012Validator(_schema()).iter_errors(values))


def _unknown(error: Any) -> set[str]:
    return set(error.instance) - set(error.schema["properties"])


@cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(SITE_SCHEMA.read_text("utf-8"))
    return schema


def _wish(error: Any) -> str:
    """What a value should have been, in Chinese."""
    shown = " ".join(str(error.instance).split())[:40]
    rule, wanted = error.validator, error.validator_value
    if rule == "enum":
        return _one_of(shown, wanted)
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


def _one_of(name: str, known: Collection[str]) -> str:
    near = hint(name, known, "")
    return f"应是 {'、'.join(known)} 之一，不是“{name[:40]}”{'：' if near else ''}{near}"
