"""The settings: one list of name, default, meaning; read once, checked once.

In: the environment (`HELPCENTER_…`). Out: a frozen `Settings`, or `SettingsError` that names every wrong value at once.
Why a dataclass of our own: `docs/settings.md`, `helpcenter settings` and the code read the same list, so no default is
typed twice. Where to listen and with how many workers are options of `helpcenter serve`, not settings: container
platforms set variables such as `HELPCENTER_PORT=tcp://…` by themselves for a service of that name.
A change here: add a field, run `helpcenter settings --markdown > docs/settings.md`; a test fails until both agree.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

PREFIX = "HELPCENTER_"

T = TypeVar("T")


class SettingsError(ValueError):
    """One or more settings are wrong; the message (Simplified Chinese) has a line for each."""


def _text(value: str) -> str:
    return value.strip()


def _path(value: str) -> Path:
    return Path(value).expanduser()


def _names(value: str) -> tuple[str, ...]:
    return tuple(part for part in value.replace(",", " ").split() if part)


def _origins(value: str) -> tuple[str, ...]:
    return tuple(part if part == "*" else _web_address(part).rstrip("/") for part in _names(value))


def _web_address(value: str) -> str:
    parts = urlsplit(value.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("应为以 http:// 或 https:// 开头的完整网址")
    return value.strip().rstrip("/")


def _link(value: str) -> str:
    return value.strip() if value.strip().startswith(("mailto:", "tel:", "/")) else _web_address(value)


def _database(value: str) -> str:
    if "://" not in value:
        raise ValueError("应为数据库网址，例如 sqlite:///instance/helpcenter.db 或 postgresql+psycopg://用户@主机/库名")
    return value.strip()


def _token(value: str) -> str:
    if 0 < len(value.strip()) < 16:
        raise ValueError("口令至少 16 个字符；可用 python3 -c 'import secrets; print(secrets.token_urlsafe())' 生成")
    return value.strip()


def _engine(value: str) -> str:
    import index

    index.parse_engine(value.strip())
    return value.strip()


def _between(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not value.strip().isascii() or not value.strip().isdigit() or not low <= int(value) <= high:
            raise ValueError(f"应为 {low} 到 {high} 的整数")
        return int(value)

    return parse


def _setting(default: T, parse: Callable[[str], T], english: str, chinese: str, *, secret: bool = False) -> T:
    """A field of the default's type. Type checkers are told that it is the value, as with `dataclasses.field`."""
    about = {"parse": parse, "english": english, "chinese": chinese, "secret": secret}
    return field(default=default, repr=not secret, metadata=about)


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, in the order of the table. An empty variable means the default."""

    content: Path = _setting(Path("content"), _path, "Folder of the articles", "文章所在的文件夹")
    index: Path = _setting(Path("instance/index"), _path, "Folder of the built index", "索引所在的文件夹")
    keep_snapshots: int = _setting(
        3, _between(1, 100), "Built snapshots kept for `helpcenter rollback`", "保留几份已建成的索引，供 rollback 退回"
    )
    index_key: str = _setting(
        "",
        _text,
        "Key file (`helpcenter index --new-key FILE`): indexes are signed with it, unsigned or altered ones refused",
        "密钥文件（用 helpcenter index --new-key 生成）：建索引时签名，没有签名或被改动的索引一律不用",
    )
    meaning: str = _setting(
        "",
        _text,
        "Model that finds sections of the same meaning (docs/meaning.md): a folder with `model.onnx` and "
        "`tokenizer.json`, or `package`; empty: off when building, and without the model when asking",
        "按意思查找所用的模型（见 docs/meaning.md）：有 model.onnx 和 tokenizer.json 的文件夹，或 package；"
        "留空：建索引时不用，搜索时不用模型",
    )
    model_hub: str = _setting(
        "https://huggingface.co",
        _web_address,
        "Where `helpcenter model fetch` gets the model: the model hub, or a mirror of it",
        "helpcenter model fetch 从哪里下载模型：模型站或它的镜像",
    )
    engine: str = _setting(
        "",
        _engine,
        "Empty: the index answers by itself; or an OpenSearch cluster that ranks: "
        "`opensearch+https://user:password@host1,host2/prefix`, see [scaling.md](scaling.md)",
        "留空：索引自己回答；或由 OpenSearch 集群排序：opensearch+https://用户:口令@主机1,主机2/前缀",
        secret=True,
    )
    site_name: str = _setting(
        "", _text, "Name of the site; empty: `name` of `content/_site.yml`", "站名；留空则用 content/_site.yml 的 name"
    )
    base_url: str = _setting(
        "",
        _web_address,
        "Public address, e.g. `https://help.example.org`, for canonical links, sitemap and feed; empty: as requested",
        "对外网址，用于规范链接、站点地图和订阅源；留空则取自请求",
    )
    support_url: str = _setting(
        "",
        _link,
        "Where a reader reaches a person; empty: `support` of `content/_site.yml`",
        "人工帮助的网址、邮箱或电话链接；留空则用 content/_site.yml 的 support",
    )
    database_url: str = _setting(
        "sqlite:///instance/helpcenter.db",
        _database,
        "SQLAlchemy address of feedback and insights",
        "存放反馈与搜索统计的数据库（SQLAlchemy 网址）",
    )
    insights_days: int = _setting(
        90, _between(1, 3650), "Days that searches and votes are kept", "搜索记录与评价保留的天数"
    )
    feedback_texts: int = _setting(
        10_000,
        _between(0, 10_000_000),
        "Written reasons kept; beyond that the oldest go first",
        "最多保留多少条读者写的意见，超出时先删最旧的",
    )
    secret_key: str = _setting(
        "",
        _token,
        "Signs forms and the login of `/insights`, at least 16 characters; empty: made once, beside the database",
        "给表单和 /insights 的登录签名，至少 16 个字符；留空则在数据库旁自动生成一份",
        secret=True,
    )
    admin_token: str = _setting(
        "",
        _token,
        "Password of `/insights`, at least 16 characters; empty: the page is off",
        "打开 /insights 的口令，至少 16 个字符；留空则不开放",
        secret=True,
    )
    metrics_token: str = _setting(
        "",
        _token,
        "Bearer token of `/metrics`, at least 16 characters; empty: this machine alone, and only "
        "while the site is not public",
        "读取 /metrics 的口令，至少 16 个字符；留空则只回应本机，网站对外开放后不回应",
        secret=True,
    )
    trusted_hosts: tuple[str, ...] = _setting(
        (),
        _names,
        "Host names answered, comma-separated; a leading dot takes in subdomains; empty: any on "
        "this machine's own address, else the machine's names",
        "只回应这些主机名，用逗号分开；以点开头则含子域名；留空：只在本机开放时不限，对外则只认本机的名字",
    )
    proxy_hops: int = _setting(
        0,
        _between(0, 10),
        "Reverse proxies in front whose `X-Forwarded-*` headers are believed",
        "前面有几层反向代理，采信它们的 X-Forwarded-* 头",
    )
    cors_origins: tuple[str, ...] = _setting(
        (),
        _origins,
        "Sites whose scripts may read the JSON API, comma-separated, or `*`",
        "允许哪些网站的脚本读取 JSON 接口，用逗号分开，或 *",
    )


def variable(setting: Field[Any]) -> str:
    """The environment variable of a field of `Settings`, e.g. `HELPCENTER_SITE_NAME`."""
    return PREFIX + setting.name.upper()


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings as the environment has them. Raises `SettingsError` naming every value that is wrong."""
    values: dict[str, Any] = {}
    faults: list[str] = []
    for setting in fields(Settings):
        value = environ.get(variable(setting), "")
        if not value.strip():
            continue
        try:
            values[setting.name] = setting.metadata["parse"](value)
        except ValueError as error:
            shown = "" if setting.metadata["secret"] else f"={value!r}"
            faults.append(f"环境变量 {variable(setting)}{shown}：{error}。")
    if faults:
        raise SettingsError("\n".join(faults))
    return Settings(**values)


def settings_table() -> str:
    """`docs/settings.md`, whole."""
    lines = [
        "# Settings · 设置",
        "",
        "Every setting is an environment variable, read once at start; an empty one means the default. Relative paths",
        "start at the working directory. Host, port and number of workers are options of `helpcenter serve`.",
        "每项设置都是环境变量，启动时读取一次；留空即为默认值。",
        "",
        "This page is written by `helpcenter settings --markdown`; edit `helpcenter/settings.py` instead.",
        "",
        "| variable | default | meaning | 含义 |",
        "|---|---|---|---|",
    ]
    for setting in fields(Settings):
        default = setting.default if not isinstance(setting.default, tuple) else ",".join(setting.default)
        shown = f"`{default}`" if str(default) else ""
        about = setting.metadata
        lines.append(f"| `{variable(setting)}` | {shown} | {about['english']} | {about['chinese']} |")
    return "\n".join(lines) + "\n"
