"""Records: what passes in and out of the store, and the days it counts by.

In: nothing. Out: `Counts`, `Reason`, `Limit`, `StoreUnavailable`; which addresses count as one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from ipaddress import ip_address, ip_network
from typing import NamedTuple


class StoreUnavailable(Exception):
    """The database cannot be used now; the message (Simplified Chinese) says why, for the operator."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How often a query was asked in a period, and what came of it."""

    asked: int = 0
    empty: int = 0
    """Found nothing at all."""
    partial: int = 0
    """Found only sections that share a part of it."""
    opened: int = 0
    """Led to an article or an unfolded section."""

    def __add__(self, other: Counts) -> Counts:
        asked, empty, partial = self.asked + other.asked, self.empty + other.empty, self.partial + other.partial
        return Counts(asked, empty, partial, self.opened + other.opened)


@dataclass(frozen=True, slots=True)
class Reason:
    """What a reader wrote about an article."""

    day: date
    article: str
    choice: str
    text: str
    done: bool = False
    """An operator has dealt with it."""


class Limit(NamedTuple):
    """At most so many of an action in an hour from an address; an empty address means from all together."""

    action: str
    address: str
    most: int


def neighbourhood(address: str) -> str:
    """The address, or for IPv6 its network: a household has 2^64 of them."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(ip) if ip.version == 4 else str(ip_network((ip, 64), strict=False))
