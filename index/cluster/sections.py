"""Sections: the postings of one snapshot, kept by a cluster (`contracts.Sections`).

In: parsed queries. Out: rankings, and whether a text stands somewhere. Whatever the lexicon beside us can tell is not
asked: a pair that no section has, a word of the index. Where a query cannot stand anywhere as typed, guesses are asked
about together with the query itself, which saves a round trip.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial

import numpy as np

from index.arrays import Numbers, Scores
from index.cluster.ranking import NONE, Base, ClusterRanking, Known, Top, in_order, read_top
from index.cluster.rounds import Body, Rounds
from index.cluster.wording import ALLOWED, HELD, VERBATIM, WHOLE, Seen, Terms, Wording, seen, stands
from index.search.containing import GUESSED, LOOKED_INTO, close_together, fitting, uncertain
from index.search.contracts import Lexicon
from index.search.filtering import meet
from index.search.grouping import Layout
from index.search.queries import Query, Term, Unit
from index.search.runs import REFINED, Runs, worth_a_look
from index.store.blobs import Texts
from index.weights import Weights

MOST_LISTED = 1000
"""Sections that are fetched of a query, or of a guess."""
_REMEMBERED = 1 << 16  # texts of which it is remembered whether they stand; a snapshot never changes


class ClusterSections:
    """The sections in the cluster's index for one snapshot."""

    def __init__(
        self,
        send: Callable[[Sequence[Body], float], Sequence[Body]],
        lexicon: Lexicon,
        layout: Layout,
        runs: Runs,
        folded: Texts,
        weights: Weights,
        idf: Callable[[int], float],
        scripted: Callable[[], bool],
    ) -> None:
        """`scripted` says, when it is first needed, in which form the index is."""
        self.rounds = Rounds(send)
        self._scripted = scripted
        self.idf = idf
        self._lexicon = lexicon
        self._layout = layout
        self._runs = runs
        self._folded = folded
        self._weights = weights
        self._stands: OrderedDict[tuple[str, str], bool] = OrderedDict()

    @cached_property
    def _terms(self) -> Terms:
        return Terms(self._scripted())

    def allowed(self, chosen: Mapping[str, Sequence[str]]) -> ALLOWED | None:
        """For each chosen filter the numbers of its values; None where nothing is chosen."""
        rows = self._layout.filters.rows
        found = [
            tuple(str(rows[name, value]) for value in values if (name, value) in rows)
            for name, values in chosen.items()
        ]
        return tuple(found) or None

    def fitting(self, sections: Numbers, allowed: ALLOWED | None) -> Numbers:
        """Those of `sections` that fit; the filters' bits lie beside us."""
        having = self._layout.filters.having
        return fitting(sections, meet([having(list(map(int, rows))) for rows in allowed or ()]))

    def rank(self, query: Query, allowed: ALLOWED | None, wanted: int) -> ClusterRanking:
        """Rank the sections for `query`; see `contracts.Sections`."""
        base = self._base(query, allowed)
        wording = base.wording
        if not wording.content:
            return self._by_characters(base)
        size = min(max(wanted, REFINED), MOST_LISTED)
        top: Top | None = base.ask(("top", size), lambda: wording.top(size), partial(read_top, lift=wording.lift))
        if top is None:
            if allowed is not None:  # filters may leave nothing; without them, known words find something
                self._with_all_characters(base)
            if wording.may_be_verbatim and (allowed is not None or len(query.units) > 1):
                self._ask_stand([unit for unit in query.units if not unit.quoted])
            verbatim = np.zeros(1, np.int64) if wording.may_be_verbatim else NONE
            return ClusterRanking(base, {}, NONE, 1, 1, verbatim, False, wording.quoted, pending=True)
        if not top.total:
            return self._by_characters(base)
        if allowed is None and len(query.units) == 1:
            self._remember(query.units[0], any(VERBATIM in one.marks for one in top.best))
        return self._ranked(base, top)

    def _ranked(self, base: Base, top: Top) -> ClusterRanking:
        known = base.known.sections
        for one in top.best:
            known.setdefault(one.number, one)
        quoted = base.wording.quoted and top.verbatim > 0
        best = [one for one in top.best if not quoted or VERBATIM in one.marks]
        highest = max((one.score for one in top.best), default=0.0) or 1.0

        def score(one: Seen) -> float:
            return one.score + (highest if VERBATIM in one.marks else 0.0)

        scores = {one.number: score(one) for one in known.values() if not quoted or VERBATIM in one.marks}
        verbatim = np.array(sorted(one.number for one in known.values() if VERBATIM in one.marks), np.int64)
        order = in_order({one.number: scores[one.number] for one in best})
        order = self._refined(base, scores, order, sum(VERBATIM in one.marks for one in best))
        total, whole = (top.verbatim, top.verbatim) if quoted else (top.total, top.whole)
        return ClusterRanking(base, scores, order, total, whole, verbatim, False, quoted)

    def _by_characters(self, base: Base) -> ClusterRanking:
        """What holds every character of the query makes a hit where nothing else does."""
        wording, found = base.wording, self._with_all_characters(base)
        if found is None:
            return ClusterRanking(base, {}, NONE, 1, 1, NONE, True, pending=True)
        characters = {term.text for term in wording.query.terms if term.kind == "characters"}
        numbers = np.array([one.number for one in found], np.int64)
        together = set(close_together(self._folded, characters, numbers).tolist()) if found else set()
        base.known.sections.update((one.number, one) for one in found if one.number in together)
        scores = {one.number: one.score for one in found if one.number in together}
        order = self._refined(base, scores, in_order(scores), 0)
        whole = sum(WHOLE in one.marks for one in base.known.sections.values())
        return ClusterRanking(base, scores, order, len(scores), whole, NONE, bool(scores))

    def _with_all_characters(self, base: Base) -> list[Seen] | None:
        """The first sections with all characters; None while they are not known."""
        wording, clause = base.wording, base.wording.characters()
        if clause is None:
            return []
        found: list[Seen] | None = base.ask(
            ("characters",),
            lambda: wording.all_characters(LOOKED_INTO, clause),
            lambda answer: seen(answer, wording.lift),
        )
        return found

    def _refined(self, base: Base, scores: dict[int, float], order: Numbers, verbatim: int) -> Numbers:
        """Raise among the best what holds longer runs of the query; returns the new order."""
        near = order[:REFINED].tolist()
        if verbatim >= len(near) or not worth_a_look(base.wording.query, len(near)):
            return order
        frequencies = base.wording.frequencies
        rarity = {term.text: self.idf(frequencies[term.key]) for term in base.wording.live if term.kind == "grams"}
        for number, bonus in zip(near, self._runs.bonus(base.wording.query, rarity, near), strict=True):
            scores[number] += bonus
        return np.concatenate((in_order({number: scores[number] for number in near}), order[REFINED:]))

    def _base(self, query: Query, allowed: ALLOWED | None) -> Base:
        key = (query.text, allowed)

        def make() -> Base:
            wording = Wording(query, allowed, self._lexicon, self._terms, self._weights, self.idf)
            return Base(self.rounds, key, wording, self._layout, Known(), self.rounds.notes)

        return self.rounds.keep(key, make)

    def stand(self, units: Sequence[Unit]) -> list[bool]:
        """Whether some section holds each of `units` as typed; what is not known yet counts as no."""
        answers = self._ask_stand(units)
        return [bool(answer) for answer in answers]

    def _ask_stand(self, units: Sequence[Unit]) -> list[bool | None]:
        frequencies = self._lexicon.frequencies(
            [key for unit in units for key in (unit.word, *(key for choice in unit.needed for key in choice))]
        )
        return [self._stand(unit, frequencies) for unit in units]

    def _stand(self, unit: Unit, frequencies: Mapping[int, int]) -> bool | None:
        if not all(any(key in frequencies for key in choice) for choice in unit.needed):
            return False
        if unit.word in frequencies or (len(unit.needed) == 1 and not uncertain([unit])):
            return True
        known = self._stands.get((unit.kind, unit.text))
        if known is not None:
            return known

        def read(answer: Body) -> bool:
            return self._remember(unit, bool(answer["hits"]["total"]["value"]))

        return self.rounds.get(("stand", unit.kind, unit.text), lambda: stands(unit, self._terms), read, True)

    def _remember(self, unit: Unit, found: bool) -> bool:
        self._stands[unit.kind, unit.text] = found
        if len(self._stands) > _REMEMBERED:
            self._stands.popitem(last=False)
        return found

    def holders(self, queries: Sequence[Query], allowed: ALLOWED | None) -> list[tuple[Numbers, Scores]]:
        """For each query the sections that contain it, and their scores; where none does, those that hold all of it."""
        return [self._holders(query, allowed) for query in queries]

    def _holders(self, query: Query, allowed: ALLOWED | None) -> tuple[Numbers, Scores]:
        base = self._base(query, allowed)
        wording = base.wording
        nothing = NONE, np.empty(0, np.float32)
        if not wording.may_be_whole or not query.needed:
            return nothing

        def read(response: Body) -> tuple[Numbers, Scores, Body | None]:
            counts = response["aggregations"]
            held, verbatim = counts[HELD]["doc_count"], counts[VERBATIM]["doc_count"]
            many = held > GUESSED and not wording.quoted
            total, holds = (held, wording.held()) if many else (verbatim, wording.verbatim())
            if not total:
                total, holds = response["hits"]["total"]["value"], wording.whole()
            # Lifted above all others, they come first.
            found = sorted(seen(response, wording.lift, total), key=lambda one: one.number)
            sections = np.array([one.number for one in found], np.int64)
            return sections, np.array([one.score for one in found], np.float32), holds if total > len(found) else None

        answer = base.ask(("holders",), lambda: wording.holders(MOST_LISTED), read)
        if answer is None:
            return nothing
        sections, scores, holds = answer
        if holds is not None:
            base.large["held", *base.key] = sections, holds
        return sections, scores

    def shares(self, query: Query, section: int) -> Iterator[tuple[Term, float, int]]:
        """Each term with what it adds to a section's BM25F score, and in how many sections it stands."""
        wording = self._base(query, None).wording
        answers = [
            self.rounds.get(("share", query.text, section, place), partial(dict, body), _score)
            for place, body in enumerate(wording.shares(section))
        ]
        by_term = {id(term): answer or 0.0 for term, answer in zip(wording.live, answers, strict=True)}
        for term in wording.query.terms:
            yield term, by_term.get(id(term), 0.0), wording.frequencies.get(term.key, 0)


def _score(response: Body) -> float:
    return sum(float(hit["_score"]) for hit in response["hits"].get("hits", ()))
