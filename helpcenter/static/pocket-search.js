// Searching the saved copy, in the manner of the server: folding, jieba's words, true containment first, BM25F over words,
// pairs and single characters, synonyms, asks, pinyin and same sounds as labelled guesses.
// In: core.json and the sections' texts. Out: ranked sections. Why our own and not MiniSearch: it scores terms of one
// field list and knows neither containment nor sounds, and all that is ours would stand around it anyway.
// Why no jieba: its dictionary weighs 4 MB. The words of it that stand in this content, with how common they are, weigh 20 KB
// and cut as it does; what follows is parsing, scoring and refining of `index/search/queries.py` and `searching.py`.
"use strict";
(() => {
  const FIELDS = ["asks", "title", "aliases", "heading", "body"];
  const HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{3134f}";
  const RUNS = new RegExp(`([${HAN}]+)|([a-z0-9]+(?:[-_.'’/+&@:]+[a-z0-9]+)*[+#]*)|((?:(?![${HAN}a-z0-9])[\\p{L}\\p{N}])+)`, "gu");
  const REFINED = 24, LONG_TEXT = 60, MOST_SYNONYMS = 12, LONGEST_SYNONYM = 4, TOTAL = Math.log(6e7);
  const runs = (text) => [...text.matchAll(RUNS)].map((match) => ({ text: match[0], kind: match[1] ? "han" : match[2] ? "latin" : "other", start: match.index }));
  const latinTerms = (run) => {
    const joined = run.replace(/[-_.'’/&@:]+/g, "");
    const bare = joined.replace(/[+#]+$/, "");
    const terms = bare.length <= 40 ? [bare] : [];
    if (joined !== bare && joined.length <= 40) terms.push(joined);
    for (const [piece] of run.matchAll(/[a-z0-9]+/g)) {
      const parts = piece.match(/[a-z]+|[0-9]+/g);
      terms.push(piece, ...(parts.length > 1 && parts.length < 4 ? parts : []));
    }
    return [...new Set(terms)];
  };

  const make = (core, sections) => {
    const { fold: [written, plain], readings, synonyms, stopWords, weights, words, joined } = core.search;
    const table = new Map([...written].map((character, at) => [character, [...plain][at]]));
    const fold = (text) => text.normalize("NFKC").toLowerCase().replace(/[\s\u3400-\u9fff]/g, (c) => table.get(c) ?? (c > "\u33ff" ? c : " "));
    const reading = new Map(Object.entries(readings).flatMap(([sound, characters]) => [...characters].map((c) => [c, sound])));
    const syllables = new Set(Object.keys(readings));
    const stops = new Set(stopWords);

    // Words. The likeliest way through a run, as jieba finds it; what its model joined of single characters is listed.
    const common = new Map(Object.entries(words).flatMap(([level, list]) => list.split(" ").map((word) => [word, level / 2 - TOTAL])));
    const together = new Set(joined);
    const reach = new Map();
    for (const word of [...common.keys(), ...joined]) reach.set(word[0], Math.max(reach.get(word[0]) ?? 1, word.length));
    const known = new Map();
    const cut = (run) => known.get(run) ?? known.set(run, cutAnew(run)).get(run);
    const cutAnew = (run) => {
      const best = new Float64Array(run.length + 1);
      const ends = new Uint16Array(run.length);
      for (let at = run.length - 1; at >= 0; at--) {
        best[at] = -Infinity;
        for (let end = at + 1; end <= Math.min(run.length, at + (reach.get(run[at]) ?? 1)); end++) {
          const own = common.get(run.slice(at, end)) ?? (end === at + 1 ? -TOTAL : undefined);
          if (own !== undefined && own + best[end] >= best[at]) [best[at], ends[at]] = [own + best[end], end];
        }
      }
      const found = [];
      for (let at = 0; at < run.length; at = ends[at] > at ? ends[at] : at + 1) {
        let end = ends[at];
        if (end === at + 1) {
          let single = end; // single characters in a row may be a word that the dictionary does not have
          while (single < run.length && ends[single] === single + 1) single++;
          for (let longer = single; longer > end; longer--) if (together.has(run.slice(at, longer))) { end = ends[at] = longer; break; }
        }
        found.push(run.slice(at, end));
      }
      return found;
    };
    const parts = (word) => {
      const found = [];
      for (const size of [2, 3]) for (let at = 0; size < word.length && at + size <= word.length; at++) if (common.has(word.slice(at, at + size))) found.push(word.slice(at, at + size));
      return found;
    };

    // Postings: term → [section, field, times …], weighed into [section, BM25F's pseudo-frequency over all fields …].
    const boosts = FIELDS.map((field) => weights.boosts[field] ?? 0);
    const folded = sections.map((section) => FIELDS.map((field, at) => (boosts[at] ? fold(section[field]) : "")));
    const lengths = Object.fromEntries(["words", "grams", "characters"].map((kind) => [kind, new Uint32Array(sections.length * FIELDS.length)]));
    const raw = { words: new Map(), grams: new Map(), characters: new Map() };
    const inverted = new Map();
    const countTerms = (text) => {
      const counts = { words: new Map(), grams: new Map(), characters: new Map() };
      const add = (kind, term) => counts[kind].set(term, (counts[kind].get(term) ?? 0) + 1);
      for (const run of runs(text)) {
        if (run.kind === "han") {
          for (let at = 0; at < run.text.length; at++) {
            add("characters", run.text[at]);
            if (at + 1 < run.text.length) add("grams", run.text.slice(at, at + 2));
          }
          for (const word of cut(run.text)) [word, ...(word.length > 2 ? parts(word) : [])].forEach((one) => add("words", one));
        } else (run.kind === "latin" ? latinTerms(run.text) : [run.text]).forEach((one) => add("words", one));
      }
      return counts;
    };
    folded.forEach((texts, number) => texts.forEach((text, field) => {
      if (!text) return;
      const counts = field < 3 ? inverted.get(text) ?? inverted.set(text, countTerms(text)).get(text) : countTerms(text);
      for (const kind of Object.keys(raw)) {
        let length = 0;
        for (const [term, times] of counts[kind]) {
          (raw[kind].get(term) ?? raw[kind].set(term, []).get(term)).push(number, field, times);
          length += times;
        }
        lengths[kind][number * FIELDS.length + field] = length;
      }
    }));
    const averages = Object.fromEntries(Object.entries(lengths).map(([kind, all]) => [kind, FIELDS.map((_, field) => {
      const own = all.filter((length, at) => at % FIELDS.length === field && length);
      return Math.max(1, own.reduce((sum, one) => sum + one, 0) / Math.max(1, own.length));
    })]));
    // Weighed when asked for: few terms of a content are ever typed.
    const weighed = new Map();
    const NONE = [];
    const postings = (kind, term) => {
      const triples = raw[kind].get(term);
      if (!triples) return NONE;
      const known = weighed.get(triples);
      if (known) return known;
      const list = [];
      for (let at = 0; at < triples.length; at += 3) {
        const [number, field] = [triples[at], triples[at + 1]];
        const weight = (boosts[field] * triples[at + 2]) / (1 - weights.b + (weights.b * lengths[kind][number * FIELDS.length + field]) / averages[kind][field]);
        if (list[list.length - 2] === number) list[list.length - 1] += weight;
        else list.push(number, weight);
      }
      weighed.set(triples, list);
      return list;
    };
    const whole = folded.map((texts) => texts.join("\n"));
    const visible = folded.map((texts, number) => (texts.slice(sections[number].anchor ? 3 : 1).join("\n")));
    const latin = [...raw.words.keys()].filter((term) => /^[a-z0-9]/.test(term)).sort();
    const idf = (list) => (Math.log(sections.length / (list.length / 2 + 1)) + 1) ** weights.rarity;

    const groups = new Map();
    const compact = (text) => runs(text).map((run) => (run.kind === "latin" ? latinTerms(run.text)[0] ?? run.text : run.text)).join("");
    for (const group of synonyms) for (const member of group) groups.set(compact(member), [...(groups.get(compact(member)) ?? []), ...group.filter((other) => other !== member)]);

    // What was typed: terms with weights, and of each run what a section must have to hold it.
    const parse = (text) => {
      const query = fold(text).replace(/\s+/g, " ").trim();
      const terms = new Map();
      const add = (kind, term, stop, { factor = 1, content = !stop && kind !== "characters" && !(kind === "words" && term.length === 1 && term > "\x7f") } = {}) => {
        const before = terms.get(`${kind} ${term}`);
        terms.set(`${kind} ${term}`, { kind, term, weight: weights.kinds[kind] * factor * (stop ? weights.query.stop_words : 1) + (before?.weight ?? 0), content: content || !!before?.content });
      };
      const stretch = runs(query);
      const han = stretch.reduce((sum, run) => sum + (run.kind === "han" ? run.text.length : 0), 0);
      const share = stretch.length > 1 ? Math.min(1, han / weights.query.characters_from) : 1;
      const typed = [], marks = [];
      let units = [], needed = [];
      stretch.forEach((run, number) => {
        if (run.kind === "han") {
          const pieces = cut(run.text);
          const unit = { text: run.text, kind: "han", needed: [], idle: pieces.every((word) => stops.has(word)) };
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
          [...run.text].forEach((character, at) => add("characters", character, stopped[at], { factor: alone ? 1 : share, content: alone }));
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
        const there = raw.words.has(unit.text);
        if (there && number < units.length - 1) return;
        const starts = unit.text ? latin.filter((word) => word.startsWith(unit.text) && word !== unit.text).slice(0, 20) : [];
        starts.forEach((word) => beginnings.push({ kind: "words", term: word, weight: weights.query[there ? "prefix_known" : "prefix"], content: true }));
        unit.needed = !there && !starts.length && unit.parts.length ? unit.parts.map((part) => [["words", part]]) : [[unit.text, ...starts].map((word) => ["words", word])];
      });
      units = units.some((unit) => !unit.idle) ? units.filter((unit) => !unit.idle) : units;
      needed.push(...units.filter((unit) => unit.kind === "latin").flatMap((unit) => unit.needed));
      if (!needed.length) {
        needed = units.flatMap((unit) => unit.needed);
        for (const one of terms.values()) if (one.kind !== "characters") one.content = true;
      }
      const others = [];
      for (let size = Math.min(LONGEST_SYNONYM, typed.length); size > 0; size--) for (let at = 0; at + size <= typed.length; at++) others.push(...(groups.get(typed.slice(at, at + size).join("")) ?? []));
      const had = new Set(typed);
      let added = 0;
      for (const other of new Set(others)) for (const run of runs(other)) for (const word of run.kind === "han" ? cut(run.text) : latinTerms(run.text).slice(0, 1)) {
        if (had.has(word) || stops.has(word) || added++ >= MOST_SYNONYMS) continue;
        had.add(word);
        add("words", word, false, { factor: weights.query.synonyms });
        if (word.length > 1) marks.push(word);
      }
      return { query, units: units.map((unit) => unit.text), pieces: units, needed, wanted: [...terms.values(), ...beginnings], marks: [...new Set(marks)].sort((one, other) => other.length - one.length) };
    };

    const holding = (choices) => {
      let held = null;
      for (const choice of choices) {
        const some = new Set();
        for (const [kind, term] of choice) { const list = postings(kind, term); for (let at = 0; at < list.length; at += 2) if (!held || held.has(list[at])) some.add(list[at]); }
        held = some;
        if (!held.size) break;
      }
      return held ?? new Set();
    };
    // How much of the query stands word for word in a long text: pieces of three characters on, each pair as rare as it is.
    const bonus = (query, text) => {
      const pair = (at) => { const list = postings("grams", query.slice(at, at + 2)); return list.length ? idf(list) : weights.query.plain_pair; };
      let greatest = 0, beyond = 0;
      for (let begin = 0; begin + 3 <= query.length; begin++) {
        if (!text.includes(query.slice(begin, begin + 3))) continue;
        let end = begin + 3;
        while (end < query.length && text.includes(query.slice(begin, end + 1))) end++;
        let weight = 0;
        for (let at = begin; at + 1 < end; at++) weight += pair(at);
        const pairs = end - begin - 1;
        greatest = Math.max(greatest, weight);
        beyond += (weight * (pairs - 1)) / pairs;
        begin = end - 2;
      }
      return weights.query.adjacency * greatest + weights.query.runs * beyond;
    };

    // Each section that holds something of the query, best first; one that holds all of it as typed goes before.
    const rank = ({ query, pieces, needed, wanted }, allowed) => {
      const scores = new Float64Array(sections.length);
      const found = new Uint8Array(sections.length);
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
      const held = holding([...needed, ...pieces.flatMap((unit) => unit.needed)]);
      const doubtful = pieces.filter((unit) => unit.kind === "han" && unit.text.length > 2);
      const exact = new Set([...held].filter((number) => doubtful.every((unit) => visible[number].includes(unit.text))));
      exact.forEach((number) => { found[number] = 1; });
      if (!found.some(Boolean)) holding(wanted.filter((term) => term.kind === "characters").map((term) => [["characters", term.term]])).forEach((number) => { found[number] = 1; });
      addUp(wanted.filter((term) => !term.content), true);
      const top = scores.reduce((most, one) => Math.max(most, one), 0) || 1;
      exact.forEach((number) => { scores[number] += top; });
      let hits = [];
      found.forEach((there, number) => { if (there && allowed(number)) hits.push({ number, score: scores[number], complete: complete.has(number), exact: exact.has(number) }); });
      const order = (one, other) => other.score - one.score || one.number - other.number;
      hits.sort(order);
      const near = hits.slice(0, REFINED);
      if (near.length > 1 && query.length > 3 && exact.size < near.length) {
        for (const hit of near) if (whole[hit.number].length >= LONG_TEXT) hit.score += bonus(query, whole[hit.number].slice(0, 1000));
        hits = [...near.sort(order), ...hits.slice(REFINED)];
      }
      return hits;
    };

    // Sounds. Every text as syllables, so that typed pinyin and same-sounding characters are found by plain search.
    let sounds = null;
    const heard = () => (sounds ??= whole.map((text) => {
      const characters = [...text];
      const spelled = [];
      let at = 0;
      const starts = characters.map((c) => { const here = at; const s = reading.get(c) ?? "·"; spelled.push(s); at += s.length + 1; return here; });
      return { characters, starts: new Map(starts.map((start, i) => [start, i])), text: spelled.join(" ") + " ", initials: spelled.map((s) => s[0]).join("") };
    }));
    const spell = (letters) => {
      const ways = [[[]]];
      for (let end = 1; end <= letters.length; end++) {
        ways[end] = [];
        for (let begin = Math.max(0, end - 6); begin < end; begin++) {
          const piece = letters.slice(begin, end);
          const last = end === letters.length && [...syllables].some((s) => s.startsWith(piece));
          if (syllables.has(piece) || last) ways[end].push(...(ways[begin] ?? []).map((way) => [...way, piece]));
        }
        ways[end] = ways[end].sort((one, other) => one.length - other.length).slice(0, 4);
      }
      return ways[letters.length] ?? [];
    };
    const standing = (pattern, length) => {
      const times = new Map();
      for (const one of heard()) {
        for (let at = one.text.indexOf(pattern); at >= 0; at = one.text.indexOf(pattern, at + 1)) {
          const begin = one.starts.get(at);
          if (begin === undefined) continue;
          const text = one.characters.slice(begin, begin + length).join("");
          times.set(text, (times.get(text) ?? 0) + 1);
        }
      }
      return [...times].sort((one, other) => other[1] - one[1]).map(([text]) => text);
    };
    const spelled = (letters) => {
      const found = [];
      for (const way of spell(letters)) if (way.length > 1) found.push(...standing(way.join(" "), way.length).slice(0, 3));
      if (letters.length >= 2 && letters.length <= 6 && !found.length) {
        const times = new Map();
        for (const one of heard()) for (let at = one.initials.indexOf(letters); at >= 0; at = one.initials.indexOf(letters, at + 1)) {
          const text = one.characters.slice(at, at + letters.length).join("");
          times.set(text, (times.get(text) ?? 0) + 1);
        }
        found.push(...[...times].sort((one, other) => other[1] - one[1]).slice(0, 5).map(([text]) => text));
      }
      return [...new Set(found)];
    };
    // Slips in Latin words: optimal string alignment, as the server counts them.
    const slips = (one, other, most) => {
      let last = null, row = Array.from({ length: other.length + 1 }, (_, at) => at);
      for (let i = 1; i <= one.length; i++) {
        const next = [i];
        for (let j = 1; j <= other.length; j++) {
          next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1));
          if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]) next[j] = Math.min(next[j], last[j - 2] + 1);
        }
        [last, row] = [row, next];
        if (Math.min(...row) > most) return most + 1;
      }
      return row[other.length];
    };
    const near = (word) => {
      const most = word.length < 6 ? 1 : 2;
      const size = (other) => raw.words.get(other).length;
      return latin.filter((other) => other.length > 2 && Math.abs(other.length - word.length) <= most && slips(word, other, most) <= most)
        .sort((one, other) => slips(word, one, most) - slips(word, other, most) || size(other) - size(one)).slice(0, 3);
    };
    const guesses = ({ query, units }) => {
      const found = [];
      const typed = query.replace(/[ ']/g, "");
      if (/^[a-z]+$/.test(typed)) found.push(...spelled(typed).map((text) => [text, "pinyin"]));
      for (const unit of units) {
        if (/^[a-z]{2,}$/.test(unit) && typed !== unit) found.push(...spelled(unit).slice(0, 2).map((text) => [query.replace(unit, text), "pinyin"]));
        if (/^[a-z0-9]{3,24}$/.test(unit) && !raw.words.has(unit)) found.push(...near(unit).map((text) => [query.replace(unit, text), "similar"]));
        if (/^[㐀-鿿]{2,8}$/.test(unit) && !visible.some((text) => text.includes(unit))) {
          const sound = [...unit].map((c) => reading.get(c));
          if (sound.every(Boolean)) found.push(...standing(`${sound.join(" ")} `, unit.length).filter((text) => text !== unit).slice(0, 2).map((text) => [query.replace(unit, text), "similar"]));
        }
      }
      return found;
    };

    // Returns { query, hits: [{number, score, complete, matched}], suggestion, marks }.
    const search = (text, allowed = () => true) => {
      const asked = parse(text);
      const hits = rank(asked, allowed).map((hit) => ({ ...hit, matched: "words" }));
      const answer = { query: asked.query, hits, suggestion: null, marks: asked.marks };
      if (hits.some((hit) => hit.exact)) return answer;
      for (const [guess, matched] of guesses(asked)) {
        const other = parse(guess);
        const better = rank(other, allowed).filter((hit) => hit.exact || (hit.complete && !hits.length));
        if (!better.length) continue;
        answer.suggestion ??= other.query;
        answer.marks = [...other.marks, ...answer.marks];
        const known = new Set(better.map((hit) => hit.number));
        answer.hits = [...better.map((hit) => ({ ...hit, matched })), ...answer.hits.filter((hit) => !known.has(hit.number))];
        break;
      }
      return answer;
    };
    return { search, fold };
  };
  globalThis.pocketSearch = { make, FIELDS };
})();
