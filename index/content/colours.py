"""Colours: whether text in a colour can be read on the pages' backgrounds, by WCAG 2.2.

In: `#rrggbb`. Out: contrast ratios, 1 to 21, and the colours that follow from an accent. Why at build time: a colour
that cannot be read is refused before a reader meets it.
"""

from __future__ import annotations

import re

from index.site import Palette

LEAST = 4.5
"""WCAG 2.2, success criterion 1.4.3: text against its background."""

_SURFACES = {"light": ("#ffffff", "#f5f6f3"), "dark": ("#1b2221", "#131817")}
"""`--surface` and `--ground` of app.css; a test compares them."""
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_SOFT = 0.12
"""The share of the accent in `--accent-soft`, the tint behind text in the accent."""


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def least_contrast(accent: str, appearance: str) -> float:
    """The lowest contrast that text in `accent` has on the pages of an appearance, `light` or `dark`."""
    surface, ground = _SURFACES[appearance]
    return min(contrast(accent, back) for back in (surface, ground, soft(accent, appearance)))


def soft(accent: str, appearance: str) -> str:
    """The tint of an accent that lies behind text in it."""
    return mix(accent, _SURFACES[appearance][0], _SOFT)


def unreadable(accent: str, appearance: str = "light") -> str:
    """Why a colour is no accent for the pages of an appearance, in Chinese with the measured ratio; empty if it is."""
    if not _COLOUR.fullmatch(accent):
        return f'应是颜色，如 "#0a6564"，不是“{accent}”'
    ratio = least_contrast(accent, appearance)
    wish = "深" if appearance == "light" else "浅"
    return "" if ratio >= LEAST else f"{accent} 和背景的对比度只有 {ratio:.2f}，至少要 {LEAST}：换一个更{wish}的颜色"


def palette(accent: str, appearance: str, band_of: str = "") -> Palette:
    """The colours that follow from an accent, the header's from `band_of`, where that is another.

    White on the band can be read wherever the accent of light pages can: on dark pages it is darker still.
    """
    share, ground = (0.78, "#000000") if appearance == "light" else (0.38, _SURFACES["dark"][1])
    band = mix(band_of or accent, ground, share)
    return Palette(accent, soft(accent, appearance), band, mix("#ffffff", band, 0.8))


def dark_accent(accent: str) -> str:
    """The accent for dark pages that follows from the one for light pages: just light enough to be read."""
    tints = (mix("#ffffff", accent, step / 20) for step in range(21))
    return next(tint for tint in tints if least_contrast(tint, "dark") >= LEAST)


def mix(one: str, other: str, share: float) -> str:
    """`share` of one colour and the rest of the other, as CSS `color-mix(in srgb, …)` has it."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def _luminance(colour: str) -> float:
    linear = [
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in (value / 255 for value in _channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
