"""The site's own colours as a style sheet, and the address by which pages ask for it.

In: the palettes of `_site.yml`. Out: declarations of custom properties, `/site.css?v=…`. Why with a fingerprint: like
the files of `static/` it may then be kept for a year, and changes at once with the colours.
"""

from __future__ import annotations

from functools import lru_cache

from helpcenter.http.caching import fingerprint_of
from index import Palette, SiteConfig

DARK = ':root:not([data-theme="light"])'


NEUTRAL = "--ground: #151617; --surface: #1d1f21; --field: #2a2c2f; --line: #34373a; --edge: #7b7f84; --quiet: #a9adb2;"
"""Dark pages of a site with its own accent: ours lean to our green. No lighter than ours, so that contrasts hold."""


@lru_cache(maxsize=8)
def style_sheet(on_light: Palette | None, on_dark: Palette | None) -> str:
    """The tokens of `app.css` that follow from the site's accent; empty where it has none of its own."""
    if not (on_light and on_dark):
        return ""
    light, dark = tokens(on_light), f"{NEUTRAL} {tokens(on_dark)}"
    return (
        f"@layer tokens {{\n:root {{ {light} }}\n"
        f"@media (prefers-color-scheme: dark) {{ {DARK} {{ {dark} }} }}\n"
        f':root[data-theme="dark"] {{ {dark} }}\n}}\n'
    )


def tokens(palette: Palette) -> str:
    """Declarations of custom properties. Safe to print: a palette holds nothing but `#rrggbb`."""
    values = {
        "band": palette.band,
        "on-band": "#fff",
        "on-band-quiet": palette.on_band_quiet,
        "sign": palette.on_band_quiet,
        "accent": palette.accent,
        "accent-soft": palette.soft,
        "self": palette.accent,
        "self-soft": palette.soft,
        "focus": palette.accent,
    }
    return " ".join(f"--{name}: {value};" for name, value in values.items())


def style_address(site: SiteConfig) -> str:
    """Where pages find it, below the mount; empty where the site has no colours of its own."""
    sheet = style_sheet(site.light, site.dark)
    return f"/site.css?v={fingerprint_of(sheet.encode())}" if sheet else ""
