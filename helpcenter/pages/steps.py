"""Steps: each gets an address of its own, `#report-loss-s2`, so that one step can be sent.

In: a section's HTML as the index made it, its anchor. Out: the same with an `id` on every item of `<ol class="steps">`,
numbered through the section. Why on the page and not in the index: unfolded results and guides show the same sections
beside others, and an id must stand once on a page.
"""

from __future__ import annotations

import re

from markupsafe import Markup

_TAG = re.compile(r"<(/?)(ol|ul|li)\b([^>]*)>")


def with_step_ids(html: str, anchor: str) -> str:
    """`html` with ids on its steps; what is nested in a step has none."""
    if 'class="steps"' not in html:
        return html
    open_lists: list[bool] = []  # whether each is a list of steps
    number = 0

    def name(match: re.Match[str]) -> str:
        nonlocal number
        closing, tag, rest = match.groups()
        if tag != "li":
            if not closing:
                open_lists.append(tag == "ol" and 'class="steps"' in rest)
            elif open_lists:
                open_lists.pop()
        elif not closing and open_lists and open_lists[-1] and not any(open_lists[:-1]):
            number += 1
            return f'<li id="{anchor or "top"}-s{number}"{rest}>'
        return match[0]

    return _TAG.sub(name, html)


def split_facts(html: str) -> tuple[str, str]:
    """The list of 适合, 用时, 备好 that opens an article, and the rest; two texts that joined are `html`.

    It is told by its form: the first thing, a list whose items begin with a bold word.
    """
    start = html.lstrip()
    if not start.startswith("<ul>\n<li><strong>") or "</ul>" not in start:
        return "", html
    end = html.index("</ul>") + len("</ul>")
    facts = html[:end]
    return (facts, html[end:]) if facts.count("<li>") == facts.count("<li><strong>") else ("", html)


def first_step(html: str) -> str:
    """The words of the first step of `with_step_ids`, a list inside it left out; nothing where there is none."""
    begin = re.search(r'<li id="[^"]+-s1"[^>]*>', html)
    if not begin:
        return ""
    end = re.compile(r"</li>|<[ou]l\b").search(html, begin.end())
    return Markup(html[begin.end() : end.start() if end else None]).striptags()  # noqa: S704 its tags are taken off
