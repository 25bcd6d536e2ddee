"""The schema: what the cluster keeps of a section, and what an index is called.

In: a snapshot's files. Out: the settings of an index, and one document a section. Why terms as `key|weight`: the
postings of our own index, pseudo-frequencies of BM25F, are handed over as they are; a scripted similarity then makes of
them what `searching.py` makes, whatever is deleted, merged or spread over shards. Why no source: nothing is shown from
there. Pairs of neighbouring characters with their places make a phrase a true substring, spaces and marks included.
Where scripts are forbidden, terms are features that hold what a script would make of the weight. A feature keeps nine
bits, so each term has two, which are added: with one, .977 of the judged queries had the same order, with two .997.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from index.cluster.address import Address
from index.store.blobs import Texts
from index.store.keys import GRAM_TAG, WORD_TAG
from index.store.posting_files import read_inverted
from index.weights import Weights

FINENESS = 1 << 16
"""Steps of a weight; with 1 << 10, sections changed places."""
FIELDS = {"words": "w", "grams": "g", "characters": "c"}
REST = "r"
"""Ends the name of a term's second feature."""
_PART = 1 << 8
"""The first feature counts in so many steps, the second those that are left over."""
TEXT, NUMBER, ARTICLE, FACETS, CHECK = "t", "n", "a", "f", "h"
END = "\n"
"""Ends each text, so that its last character begins a pair too."""
_STRETCH = 20_000  # sections whose postings are turned about at a time


def body(weights: Weights, shards: int, scripted: bool = True) -> dict[str, Any]:
    """What an index is created with. `scripted`: whether a script may score."""
    similarity = {
        kind: {
            "type": "scripted",
            "script": {"source": f"return query.boost * doc.freq / (doc.freq + {weights.k1[kind] * FINENESS!r});"},
        }
        for kind in FIELDS
    }
    terms: dict[str, dict[str, Any]] = {
        field: {"type": "text", "analyzer": "terms", "index_options": "freqs", "norms": False, "similarity": kind}
        for kind, field in FIELDS.items()
    }
    known: dict[str, Any] = {}
    if not scripted:
        similarity, terms = {}, {field: {"type": "rank_features"} for field in FIELDS.values()}
        known = {"_meta": {"k1": dict(weights.k1), "fineness": FINENESS}}
    return {
        "settings": {
            "number_of_shards": shards,
            "number_of_replicas": 0,
            "refresh_interval": "-1",
            "analysis": {
                "analyzer": {
                    "terms": {"tokenizer": "whitespace", "filter": ["weights"]},
                    "pairs": {"tokenizer": "pairs"},
                },
                "tokenizer": {"pairs": {"type": "ngram", "min_gram": 2, "max_gram": 2}},
                "filter": {"weights": {"type": "delimited_term_freq"}},
            },
            "similarity": similarity,
        },
        "mappings": {
            "dynamic": "strict",
            "_source": {"enabled": False},
            **known,
            "properties": {
                **terms,
                TEXT: {"type": "text", "analyzer": "pairs", "norms": False},
                NUMBER: {"type": "integer"},
                ARTICLE: {"type": "integer"},
                FACETS: {"type": "keyword"},
                CHECK: {"type": "keyword", "index": False},
            },
        },
    }


def index_name(address: Address, identity: str, weights: Weights, scripted: bool = True) -> str:
    """The index for a snapshot: equal content and equal schema give the same one."""
    form = json.dumps(body(weights, address.shards, scripted), sort_keys=True)
    schema = hashlib.sha256(form.encode()).hexdigest()
    return f"{address.prefix}-{identity[:12]}-{schema[:6]}"


def identity_in(name: str, address: Address) -> str | None:
    """The snapshot's 12 characters in a name of `index_name`; None where the index is not ours: other sites of the same
    cluster may have a prefix that begins as ours does."""
    found = re.fullmatch(rf"{re.escape(address.prefix)}-([0-9a-f]{{12}})-[0-9a-f]{{6}}", name)
    return found[1] if found else None


def field_of(key: int) -> str:
    """The field that a term's key belongs to."""
    return FIELDS["words" if key >= WORD_TAG else "grams" if key >= GRAM_TAG else "characters"]


def token(key: int) -> str:
    """A term's key as the cluster knows it."""
    return f"{key:x}"


def documents(place: Path, weights: Weights, scripted: bool = True) -> Iterator[str]:
    """The sections of the snapshot in `place`, in order, each as one line of JSON."""
    inverted = read_inverted(place)
    sections = np.load(place / "sections.npy", mmap_mode="r", allow_pickle=False)
    folded = Texts(place / "folded")
    bits = np.load(place / "facets.npy", mmap_mode="r", allow_pickle=False)
    tokens = [(field_of(key), token(key)) for key in inverted.keys.tolist()]
    count = sections.shape[1]
    article_of, visible = sections[0].tolist(), sections[1].tolist()
    for first in range(0, count, _STRETCH):
        last = min(first + _STRETCH, count)
        within = np.flatnonzero((inverted.sections >= first) & (inverted.sections < last))
        own = np.asarray(inverted.sections[within])
        order = within[np.argsort(own, kind="stable")]
        terms = (np.searchsorted(inverted.starts, order, "right") - 1).tolist()
        steps = np.rint(np.asarray(inverted.weights[order]) * FINENESS).astype(np.int64).tolist()
        ends = np.cumsum(np.bincount(own - first, minlength=last - first)).tolist()
        begin = 0
        for number, end in zip(range(first, last), ends, strict=True):
            fields: dict[str, dict[str, int]] = {field: {} for field in FIELDS.values()}
            for term, weight in zip(terms[begin:end], steps[begin:end], strict=True):
                field, text = tokens[term]
                fields[field][text] = max(weight, 1)
            begin = end
            document: dict[str, Any] = {
                field: _frequencies(fields[field]) if scripted else _features(fields[field], weights.k1[kind])
                for kind, field in FIELDS.items()
            }
            document[TEXT] = folded[number][visible[number] :].decode() + END
            document[NUMBER], document[ARTICLE] = number, article_of[number]
            word, bit = divmod(number, 64)
            document[FACETS] = np.flatnonzero((bits[:, word] >> np.uint64(bit)) & np.uint64(1)).astype(str).tolist()
            line = json.dumps(document, ensure_ascii=False)
            yield f'{line[:-1]}, "{CHECK}": "{check(line)}"}}'


def _frequencies(held: Mapping[str, int]) -> str:
    """Terms and their weights, as the analyzer reads them."""
    return " ".join(f"{text}|{weight}" for text, weight in held.items())


def _features(held: Mapping[str, int], k1: float) -> dict[str, int]:
    """Of each term the share of its score that its weight is worth, in steps: one part, and what is left over."""
    found = {}
    for text, weight in held.items():
        share = round(FINENESS * weight / (weight + k1 * FINENESS))
        found[text] = first = max(share // _PART, 1) * _PART
        if share > first:
            found[text + REST] = share - first
    return found


def check(line: str) -> str:
    """The checksum of a document, kept with it."""
    return hashlib.sha256(line.encode()).hexdigest()[:16]
