"""Whom to turn to: a contact of the site as a page shows it.

In: `contacts` of `_site.yml`, an article's filters or a contact's name. Out: `ContactLine`s. Why one place: articles,
outcomes of guides and the answer to 没有 show the same lines, and each says whether it was ever checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from index import Contact, SiteConfig

MOST = 3


@dataclass(frozen=True, slots=True)
class ContactLine:
    name: str
    phone: str
    tel: str
    """The phone as an address."""
    url: str
    url_label: str
    hours: str
    note: str
    verified: str
    """ISO date; empty where nobody checked it."""


def contacts_for(site: SiteConfig, values: Mapping[str, Sequence[str]]) -> tuple[ContactLine, ...]:
    """Those that apply to an article with these filter values: it shares a value with each filter of the contact."""
    return tuple(
        _line(one)
        for one in site.contacts.values()
        if one.filters and all(set(own) & set(values.get(name, ())) for name, own in one.filters.items())
    )[:MOST]


def all_contacts(site: SiteConfig) -> tuple[ContactLine, ...]:
    """Every contact, in the site's order."""
    return tuple(map(_line, site.contacts.values()))


def contact_named(site: SiteConfig, name: str) -> tuple[ContactLine, ...]:
    """The contact of that name, or none."""
    found = site.contacts.get(name)
    return (_line(found),) if found else ()


def _line(contact: Contact) -> ContactLine:
    tel = "tel:" + re.sub(r"[^\d+]", "", contact.phone) if contact.phone else ""
    label = re.sub(r"^(?:https?://(?:www\.)?|mailto:|tel:)", "", contact.url).rstrip("/")
    return ContactLine(
        contact.name, contact.phone, tel, contact.url, label, contact.hours, contact.note, contact.verified
    )
