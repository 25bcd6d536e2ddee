// Searching the saved copy as the server does: true containment first, then BM25F over words, pairs and single characters.
// In: the pack's tables and an index. Out: ranked sections. It follows `index/search/searching.py` and `runs.py`.
// Why our own and not MiniSearch: it scores terms of one field list and knows neither containment nor sounds, and all that
// is ours would stand around it anyway.
"use strict";
(() => {
  const REFINED = 24,
    LONG_TEXT = 60,
    READ = 1000,
    REACH = 8;
  const NONE = [];

  // The first place of a sorted list whose entry is not below `wanted`.
  const bisect = (list, wanted) => {
    let low = 0,
      high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  const open = (core, index, sections) => {
    const { weights } = core.search;
    const { FIELDS, KINDS } = pocket;
    const fold = pocket.folding(core.search.fold);
    const { cut, terms: termsOf, common } = pocket.cutting(core.search);
    const count = sections.length;

    // Postings, weighed when asked for: [section, BM25F's pseudo-frequency over all fields …].
    const boosts = FIELDS.map((field) => weights.boosts[field] ?? 0);
    const words = index["words.terms"].split("\n");
    const lists = { words, grams: index["grams.terms"], characters: index["characters.terms"] };
    const averages = Object.fromEntries(
      KINDS.map((kind) => [
        kind,
        FIELDS.map((_, field) => {
          let sum = 0,
            filled = 0;
          for (let at = field; at < count * FIELDS.length; at += FIELDS.length) {
            sum += index[`${kind}.lengths`][at];
            filled += index[`${kind}.lengths`][at] > 0;
          }
          return Math.max(1, sum / Math.max(1, filled));
        }),
      ]),
    );
    const keyOf = {
      words: (term) => term,
      characters: (term) => term.charCodeAt(0),
      grams: (term) => term.charCodeAt(0) * 65536 + term.charCodeAt(1),
    };
    const place = (kind, term) => {
      const key = keyOf[kind](term);
      const at = bisect(lists[kind], key);
      return lists[kind][at] === key ? at : -1;
    };
    const weighed = new Map();
    const postings = (kind, term) => {
      const name = `${kind} ${term}`;
      const known = weighed.get(name);
      if (known) return known;
      const at = place(kind, term);
      const list = at < 0 ? NONE : [];
      const lengths = index[`${kind}.lengths`];
      for (
        let i = at < 0 ? 0 : index[`${kind}.ends`][at], end = at < 0 ? 0 : index[`${kind}.ends`][at + 1];
        i < end;
        i++
      ) {
        const packed = index[`${kind}.postings`][i];
        const number = packed >>> 15,
          field = (packed >>> 12) & 7;
        const weight =
          (boosts[field] * (packed & 4095)) /
          (1 - weights.b + (weights.b * lengths[number * FIELDS.length + field]) / averages[kind][field]);
        if (list[list.length - 2] === number) list[list.length - 1] += weight;
        else list.push(number, weight);
      }
      weighed.set(name, list);
      return list;
    };
    const text = (number, from = 0, to = FIELDS.length) =>
      index.whole.slice(index.starts[number * FIELDS.length + from], index.starts[number * FIELDS.length + to] - 1);
    const field = (number, at) => text(number, at, at + 1);
    const visible = (number) => text(number, sections[number].anchor ? 3 : 1);
    const latin = words.slice(0, bisect(words, "{"));
    const idf = (list) => (Math.log(count / (list.length / 2 + 1)) + 1) ** weights.rarity;

    const parse = pocket.parsing({ core, fold, cut, place, latin, bisect });

    // The sections that hold a term of each choice, as a mask; null where nothing is asked.
    const holding = (choices) => {
      let held = null;
      for (const choice of choices) {
        const some = new Uint8Array(count);
        let any = false;
        for (const [kind, term] of choice) {
          const list = postings(kind, term);
          for (let at = 0; at < list.length; at += 2)
            if (!held || held[list[at]]) {
              some[list[at]] = 1;
              any = true;
            }
        }
        held = some;
        if (!any) break;
      }
      return held;
    };
    // How much of the query stands word for word in a long text: pieces of three characters on, each pair as rare as it is.
    const bonus = (query, within) => {
      const pair = (at) => {
        const list = postings("grams", query.slice(at, at + 2));
        return list.length ? idf(list) : weights.query.plain_pair;
      };
      let greatest = 0,
        beyond = 0;
      for (let begin = 0; begin + 3 <= query.length; begin++) {
        if (!within.includes(query.slice(begin, begin + 3))) continue;
        let end = begin + 3;
        while (end < query.length && within.includes(query.slice(begin, end + 1))) end++;
        let weight = 0;
        for (let at = begin; at + 1 < end; at++) weight += pair(at);
        const pairs = end - begin - 1;
        greatest = Math.max(greatest, weight);
        beyond += (weight * (pairs - 1)) / pairs;
        begin = end - 2;
      }
      return weights.query.adjacency * greatest + weights.query.runs * beyond;
    };

    // The sections that hold what was typed: all of it (`complete`), all of it as typed (`exact`), and what each term adds to each.
    const weigh = ({ units, needed, wanted }) => {
      const scores = new Float64Array(count);
      const found = new Uint8Array(count);
      const addUp = (terms, only) => {
        for (const { kind, term, weight } of terms) {
          const list = postings(kind, term);
          if (!list.length) continue;
          const factor = weight * (1 + weights.k1[kind]) * idf(list);
          for (let at = 0; at < list.length; at += 2) {
            if (only && !found[list[at]]) continue;
            scores[list[at]] += (factor * list[at + 1]) / (list[at + 1] + weights.k1[kind]);
            if (!only) found[list[at]] = 1;
          }
        }
      };
      addUp(
        wanted.filter((term) => term.content),
        false,
      );
      const complete = holding(needed);
      const held = holding([...needed, ...units.flatMap((unit) => unit.needed)]);
      const exact = [];
      for (let number = 0; held && number < count; number++)
        if (held[number] && containing(units, number)) exact.push(number);
      for (const number of exact) found[number] = 1;
      if (!found.includes(1)) {
        const characters = wanted.filter((term) => term.kind === "characters");
        holding(characters.map((term) => [["characters", term.term]]))?.forEach((there, number) => {
          if (there && close(text(number), characters)) found[number] = 1;
        });
      }
      addUp(
        wanted.filter((term) => !term.content),
        true,
      );
      return { scores, found, complete, exact };
    };
    const containing = (units, number) => {
      const doubtful = units.filter((unit) => unit.kind === "han" && unit.text.length > 2);
      const own = doubtful.length && visible(number);
      return doubtful.every((unit) => own.includes(unit.text));
    };
    const stands = (unit) => !!holding(unit.needed)?.some((there, number) => there && containing([unit], number));
    // Scattered over a long text single characters say nothing.
    const close = (within, characters) => {
      const last = new Map(characters.map((one) => [one.term, -Infinity]));
      for (let at = 0; at < within.length; at++) {
        if (!last.has(within[at])) continue;
        last.set(within[at], at);
        if (at - Math.min(...last.values()) <= REACH * characters.length) return true;
      }
      return false;
    };
    // What contains a guess, else what holds all of it, with plain scores.
    const holders = (parsed) => {
      const { scores, complete, exact } = weigh(parsed);
      const sections = exact.length
        ? exact
        : Array.from(complete ?? []).flatMap((there, number) => (there ? [number] : []));
      return { sections, scores: sections.map((number) => scores[number]) };
    };
    const ordered = ({ scores, found, complete, exacts }) => {
      const hits = [];
      for (let number = 0; number < count; number++)
        if (found[number])
          hits.push({ number, score: scores[number], complete: !!complete?.[number], exact: exacts.has(number) });
      return hits.sort((one, other) => other.score - one.score || one.number - other.number);
    };
    // All that holds something of the query; what holds all of it as typed stands above the rest.
    const rank = (parsed) => {
      const ranking = weigh(parsed);
      const { scores, found, exact } = ranking;
      const top = scores.reduce((most, one) => Math.max(most, one), 0) || 1;
      for (const number of exact) scores[number] += top;
      ranking.exacts = new Set(exact);
      const { query } = parsed;
      const near = query.length > 3 ? ordered(ranking).slice(0, REFINED) : [];
      if (near.length > 1 && exact.length < near.length)
        for (const { number } of near) {
          const own = text(number);
          if (own.length >= LONG_TEXT) scores[number] += bonus(query, own.slice(0, READ));
        }
      const sections = () => Array.from(found).flatMap((there, number) => (there ? [number] : []));
      return {
        ...ranking,
        sections,
        top: scores.reduce((most, one) => Math.max(most, one), 0),
        total: found.reduce((sum, one) => sum + one, 0),
      };
    };

    const frequency = (word) => postings("words", word).length / 2;
    const standsHan = (written) =>
      stands({
        kind: "han",
        text: written,
        needed: Array.from({ length: written.length - 1 }, (_, at) => [["grams", written.slice(at, at + 2)]]),
      });
    const engine = {
      core,
      index,
      bisect,
      count,
      latin,
      common,
      postings,
      idf,
      text,
      field,
      visible,
      fold,
      termsOf,
      parse,
      frequency,
      stands,
      standsHan,
    };
    const find = pocket.layering({ parse, rank, holders, ordered }, pocket.guessing(engine));
    const choose = pocket.choosing({ core, sections, field });
    // Returns { query, parsed, hits: [{ number, score, complete, exact, matched, parsed }], plain, suggestion }; `plain`: the hits
    // before the sections of an article exchanged their scores.
    engine.search = (typedText) => {
      const found = find(typedText);
      return { ...found, plain: found.hits, hits: choose(found.parsed, found.hits) };
    };
    return engine;
  };
  Object.assign(pocket, { openIndex: open });
})();
