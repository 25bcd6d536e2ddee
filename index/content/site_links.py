"""Whether what `_site.yml` names is there: articles, guides, contacts, filter values, telephone numbers.

In: the file as read, and what the content holds. Out: faults and warnings at their lines. Why apart from reading: these
need everything else to have been read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from index.content.guide_proofs import GuideFile
from index.content.phones import wrong_number
from index.content.site_schema import hint
from index.content.sites import SITE_FILE, SiteFile
from index.content.yaml_files import Place
from index.model import Problem
from index.site import Contact, Tile


def dead_site_links(
    file: SiteFile, sections: Mapping[str, Collection[str]], guides: Sequence[GuideFile]
) -> list[Problem]:
    """A fault for each tile, link and contact that does not exist. `sections`: the anchors of each live article."""
    found: list[Problem] = []
    for place, address in file.links():
        article, _, anchor = address.partition("#")
        if article not in sections:
            message = f"没有文章 {article}，或它没有上线：{hint(article, sections, '改成有的文章')}"
            found.append(file.problem(place, message, "dead-link"))
        elif anchor and anchor not in sections[article]:
            message = f"{article} 里没有小节 #{anchor}：{hint(anchor, sections[article], '改成有的小节')}"
            found.append(file.problem(place, message, "dead-link"))
    ids = [one.guide.id for one in guides]
    for number, tile in enumerate(file.site.tiles):
        if tile.guide and tile.guide not in ids:
            message = f"没有向导 {tile.guide}：{hint(tile.guide, ids, '改成 _guides/ 里有的向导')}"
            found.append(file.problem(("tiles", number, "guide"), message, "dead-link"))
    for one in guides:
        for name, outcome in one.guide.outcomes.items():
            if outcome.contact and ("contacts", outcome.contact) not in file.lines:
                meant = hint(outcome.contact, file.site.contacts, f"在 {SITE_FILE} 的 contacts 里写上它")
                message = f"没有联系方式 {outcome.contact}：{meant}"
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
                    meant = hint(value, used.get(name, ()), "改成文章里用的值")
                    message = f"没有文章的 {name} 是“{value}”：{meant}"
                    yield replace(file.problem((*place, "filters", name), message, "unused-value"), level="warning")


def wrong_phones(file: SiteFile) -> Iterator[Problem]:
    """A warning for each contact whose number cannot be dialled."""
    for key, contact in file.site.contacts.items():
        for name, number in (("phone", contact.phone), ("url", contact.url)):
            if number and (name == "phone" or number.startswith("tel:")) and (wrong := wrong_number(number)):
                message = f"电话 {number} {wrong}"
                yield replace(file.problem(("contacts", key, name), message, "phone"), level="warning")
