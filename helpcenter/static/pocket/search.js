// Searching the saved copy, in the manner of the server: true containment first, BM25F over words, pairs and single characters,
// synonyms and asks. In: the pack's tables and an index. Out: ranked sections. It follows `index/search/queries.py` and
// `searching.py`. Why our own and not MiniSearch: it scores terms of one field list and knows neither containment nor sounds,
// and all that is ours would stand around it anyway.
"use strict";
(() => {
  const REFINED = 24, LONG_TEXT = 60, READ = 1000, MOST_SYNONYMS = 12, LONGEST_SYNONYM = 4, MOST_BEGINNINGS = 24, REACH = 8, LONG = 3;
  const NONE = [];
  const ALL_HAN = /^[\u4e00-\u9fff]+$/;

  // The first place of a sorted list whose entry is not below `wanted`.
  const bisect = (list, wanted) => {
    let low = 0, high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle] < wanted) low = middle + 1; else high = middle;
    }
    return low;
  };

  const open = (core, index, sections) => {
    const { synonyms, lexicon, stopWords, weights } = core.search;
    const { FIELDS, KINDS, runs, latinTerms } = pocket;
    const fold = pocket.folding(core.search.fold);
    const { cut, terms: termsOf, common } = pocket.cutting(core.search);
    const stops = new Set(stopWords);
    const count = sections.length;

    // Postings, weighed when asked for: [section, BM25F's pseudo-frequency over all fields …].
    const boosts = FIELDS.map((field) => weights.boosts[field] ?? 0);
    const words = index["words.terms"].split("\n");
    const lists = { words, grams: index["grams.terms"], characters: index["characters.terms"] };
    const averages = Object.fromEntries(KINDS.map((kind) => [kind, FIELDS.map((_, field) => {
      let sum = 0, filled = 0;
      for (let at = field; at < count * FIELDS.length; at += FIELDS.length) {
        sum += index[`${kind}.lengths`][at];
        filled += index[`${kind}.lengths`][at] > 0;
      }
      return Math.max(1, sum / Math.max(1, filled));
    })]));
    const keyOf = { words: (term) => term, characters: (term) => term.charCodeAt(0), grams: (term) => term.charCodeAt(0) * 65536 + term.charCodeAt(1) };
    const place = (kind, term) => {
      const key = keyOf[kind](term);
      const at = bisect(lists[kind], key);
      return lists[kind][at] === key ? at : -1;
    };
    const has = (word) => place("words", word) >= 0;
    const weighed = new Map();
    const postings = (kind, term) => {
      const name = `${kind} ${term}`;
      const known = weighed.get(name);
      if (known) return known;
      const at = place(kind, term);
      const list = at < 0 ? NONE : [];
      const lengths = index[`${kind}.lengths`];
      for (let i = at < 0 ? 0 : index[`${kind}.ends`][at], end = at < 0 ? 0 : index[`${kind}.ends`][at + 1]; i < end; i++) {
        const packed = index[`${kind}.postings`][i];
        const number = packed >>> 15, field = (packed >>> 12) & 7;
        const weight = (boosts[field] * (packed & 4095)) / (1 - weights.b + (weights.b * lengths[number * FIELDS.length + field]) / averages[kind][field]);
        if (list[list.length - 2] === number) list[list.length - 1] += weight;
        else list.push(number, weight);
      }
      weighed.set(name, list);
      return list;
    };
    const text = (number, from = 0, to = FIELDS.length) => index.whole.slice(index.starts[number * FIELDS.length + from], index.starts[number * FIELDS.length + to] - 1);
    const field = (number, at) => text(number, at, at + 1);
    const visible = (number) => text(number, sections[number].anchor ? 3 : 1);
    const latin = words.slice(0, bisect(words, "{"));
    const idf = (list) => (Math.log(count / (list.length / 2 + 1)) + 1) ** weights.rarity;

    const groups = new Map();
    const compact = (written) => ALL_HAN.test(written) ? written : runs(written).map((run) => (run.kind === "latin" ? latinTerms(run.text)[0] ?? run.text : run.text)).join("");
    for (const group of synonyms) for (const member of group) {
      const key = compact(member);
      groups.set(key, [...(groups.get(key) ?? []), ...group.filter((other) => other !== member)]);
    }
    const longest = Math.max(1, ...Object.keys(lexicon).map((word) => word.length));
    // The standard words for what of the lexicon stands in the query, the longest at each place.
    const standard = (stretch) => {
      const found = [];
      for (const run of stretch) {
        if (run.kind !== "han") found.push(...(lexicon[run.text] ?? []));
        else for (let at = 0; at < run.text.length; ) {
          let size = Math.min(longest, run.text.length - at);
          while (size > 1 && !lexicon[run.text.slice(at, at + size)]) size--;
          found.push(...(lexicon[run.text.slice(at, at + size)] ?? []));
          at += size;
        }
      }
      return new Set(found);
    };

    // A long word of which nothing stands anywhere: its characters elsewhere mean another.
    const strange = (word) => word.length >= LONG && !has(word) && ![...word].some((_, at) => at + 1 < word.length && place("grams", word.slice(at, at + 2)) >= 0);

    // What was typed: terms with weights, and of each run what a section must have to hold it.
    const parse = (typedText) => {
      const query = fold(typedText).replace(/\s+/g, " ").trim();
      const terms = new Map();
      const add = (kind, term, stop, { factor = 1, added = false, content = !stop && kind !== "characters" && !(kind === "words" && term.length === 1 && term > "\x7f") } = {}) => {
        const before = terms.get(`${kind} ${term}`);
        terms.set(`${kind} ${term}`, { kind, term, weight: weights.kinds[kind] * factor * (stop ? weights.query.stop_words : 1) + (before?.weight ?? 0), content: content || !!before?.content, added: added && before?.added !== false });
      };
      const stretch = runs(query);
      const han = stretch.reduce((sum, run) => sum + (run.kind === "han" ? run.text.length : 0), 0);
      const share = stretch.length > 1 ? Math.min(1, han / weights.query.characters_from) : 1;
      const typed = [], marks = [];
      let units = [], needed = [];
      stretch.forEach((run, number) => {
        if (run.kind === "han") {
          const pieces = cut(run.text);
          const unit = { text: run.text, kind: "han", needed: [], words: pieces, idle: pieces.every((word) => stops.has(word)) };
          const shares = pieces.flatMap((word) => Array(word.length).fill(strange(word) ? share * weights.query.strange : share));
          const stopped = pieces.flatMap((word) => Array(word.length).fill(stops.has(word)));
          for (const word of pieces) {
            typed.push(word);
            add("words", word, stops.has(word));
            if (stops.has(word)) continue;
            marks.push(word);
            if (word.length === 1) needed.push([["characters", word]]);
            for (let at = 0; at + 1 < word.length; at++) needed.push([["grams", word.slice(at, at + 2)]]);
          }
          const alone = run.text.length === 1;
          [...run.text].forEach((character, at) => add("characters", character, stopped[at], { factor: alone ? 1 : shares[at], content: alone }));
          for (let at = 0; at + 1 < run.text.length; at++) {
            add("grams", run.text.slice(at, at + 2), stopped[at] && stopped[at + 1]);
            unit.needed.push([["grams", run.text.slice(at, at + 2)]]);
          }
          if (alone) unit.needed.push([["characters", run.text]]);
          units.push(unit);
          marks.push(run.text);
        } else {
          const [first, ...others] = run.kind === "latin" ? latinTerms(run.text) : [run.text];
          if (first === undefined) return;
          typed.push(first);
          add("words", first, stops.has(first));
          others.forEach((part) => add("words", part, false, { factor: 0.5 }));
          const before = stretch[number - 1];
          if (run.kind === "latin" && before?.kind === "latin" && before.start + before.text.length + 1 === run.start) add("words", before.text + first, false);
          units.push({ text: first, kind: "latin", needed: [[["words", first]]], parts: others });
          marks.push(run.text, first, ...others);
        }
      });
      // Half-typed Latin words stand for those that begin with them.
      const beginnings = [];
      units.forEach((unit, number) => {
        if (unit.kind !== "latin") return;
        const there = has(unit.text);
        if (there && number < units.length - 1) return;
        const starts = [];
        for (let at = bisect(latin, unit.text); unit.text && latin[at]?.startsWith(unit.text) && starts.length < MOST_BEGINNINGS; at++) if (latin[at] !== unit.text) starts.push(latin[at]);
        starts.forEach((word) => beginnings.push({ kind: "words", term: word, weight: weights.query[there ? "prefix_known" : "prefix"], content: true, added: true }));
        unit.needed = !there && !starts.length && unit.parts.length ? unit.parts.map((part) => [["words", part]]) : [[unit.text, ...starts].map((word) => ["words", word])];
      });
      units = units.some((unit) => !unit.idle) ? units.filter((unit) => !unit.idle) : units;
      needed.push(...units.filter((unit) => unit.kind === "latin").flatMap((unit) => unit.needed));
      if (!needed.length) {
        needed = units.flatMap((unit) => unit.needed);
        for (const one of terms.values()) if (one.kind !== "characters") one.content = true;
      }
      const ordinary = standard(stretch);
      const others = [...ordinary];
      for (let size = Math.min(LONGEST_SYNONYM, typed.length); size > 0; size--) for (let at = 0; at + size <= typed.length; at++) others.push(...(groups.get(typed.slice(at, at + size).join("")) ?? []));
      const had = new Set(typed);
      let many = 0;
      for (const other of new Set(others)) for (const run of runs(other)) for (const word of run.kind === "han" ? cut(run.text) : latinTerms(run.text).slice(0, 1)) {
        if (had.has(word) || stops.has(word) || many++ >= MOST_SYNONYMS) continue;
        had.add(word);
        add("words", word, false, { factor: weights.query[ordinary.has(other) ? "lexicon" : "synonyms"], added: true });
        if (word.length > 1) marks.push(word);
      }
      return { query, units, needed, wanted: [...terms.values(), ...beginnings], marks: [...new Set(marks)].sort((one, other) => other.length - one.length) };
    };

    // The sections that hold a term of each choice, as a mask; null where nothing is asked.
    const holding = (choices) => {
      let held = null;
      for (const choice of choices) {
        const some = new Uint8Array(count);
        let any = false;
        for (const [kind, term] of choice) {
          const list = postings(kind, term);
          for (let at = 0; at < list.length; at += 2) if (!held || held[list[at]]) { some[list[at]] = 1; any = true; }
        }
        held = some;
        if (!any) break;
      }
      return held;
    };
    // How much of the query stands word for word in a long text: pieces of three characters on, each pair as rare as it is.
    const bonus = (query, within) => {
      const pair = (at) => { const list = postings("grams", query.slice(at, at + 2)); return list.length ? idf(list) : weights.query.plain_pair; };
      let greatest = 0, beyond = 0;
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
      addUp(wanted.filter((term) => term.content), false);
      const complete = holding(needed);
      const held = holding([...needed, ...units.flatMap((unit) => unit.needed)]);
      const exact = [];
      for (let number = 0; held && number < count; number++) if (held[number] && containing(units, number)) exact.push(number);
      for (const number of exact) found[number] = 1;
      if (!found.includes(1)) {
        const characters = wanted.filter((term) => term.kind === "characters");
        holding(characters.map((term) => [["characters", term.term]]))?.forEach((there, number) => { if (there && close(text(number), characters)) found[number] = 1; });
      }
      addUp(wanted.filter((term) => !term.content), true);
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
      const sections = exact.length ? exact : Array.from(complete ?? []).flatMap((there, number) => (there ? [number] : []));
      return { sections, scores: sections.map((number) => scores[number]) };
    };
    const ordered = ({ scores, found, complete, exacts }) => {
      const hits = [];
      for (let number = 0; number < count; number++) if (found[number]) hits.push({ number, score: scores[number], complete: !!complete?.[number], exact: exacts.has(number) });
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
      if (near.length > 1 && exact.length < near.length) for (const { number } of near) {
        const own = text(number);
        if (own.length >= LONG_TEXT) scores[number] += bonus(query, own.slice(0, READ));
      }
      const sections = () => Array.from(found).flatMap((there, number) => (there ? [number] : []));
      return { ...ranking, sections, top: scores.reduce((most, one) => Math.max(most, one), 0), total: found.reduce((sum, one) => sum + one, 0) };
    };

    const frequency = (word) => postings("words", word).length / 2;
    const standsHan = (written) => stands({ kind: "han", text: written, needed: Array.from({ length: written.length - 1 }, (_, at) => [["grams", written.slice(at, at + 2)]]) });
    const engine = { core, index, count, latin, common, has, postings, idf, text, field, visible, fold, termsOf, parse, frequency, stands, standsHan };
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
