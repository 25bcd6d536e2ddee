// Searching the saved copy, in the manner of the server: folding, BM25F over words, pairs and single characters, true
// containment first, synonyms, asks, pinyin and same sounds as labelled guesses.
// In: core.json and the sections' texts. Out: ranked sections. Why our own and not MiniSearch: it scores terms of one
// field list and knows neither containment nor sounds, and all that is ours would stand around it anyway.
// Why no jieba: its dictionary weighs 4 MB; pairs of characters stand for words. The weights are those of twelve tried that
// share most with the server (.82 of its ten best sections, .84 of its first articles on our own queries).
"use strict";
(() => {
  const FIELDS = ["title", "aliases", "asks", "heading", "body"];
  const PAIRS = 0.7, SINGLES = 0.9, LATIN = 1.2, SYNONYM = 0.4, STOP = 0.4, CONTAINED = 1000;
  const HAN = /[㐀-䶿一-鿿]+/g;
  const LATIN_WORD = /[a-z0-9]+(?:[-_.'’/+&@:]+[a-z0-9]+)*/g;

  const make = (core, sections) => {
    const { fold: [written, plain], readings, synonyms, stopWords, weights } = core.search;
    const table = new Map([...written].map((character, at) => [character, [...plain][at]]));
    const fold = (text) => [...text.normalize("NFKC").toLowerCase()].map((c) => table.get(c) ?? (/\s/.test(c) ? " " : c)).join("");
    const reading = new Map(Object.entries(readings).flatMap(([sound, characters]) => [...characters].map((c) => [c, sound])));
    const syllables = new Set(Object.keys(readings));

    // Terms of a text: pairs and single characters of Han runs, Latin words with their parts.
    const terms = (text, add) => {
      for (const [run] of text.matchAll(HAN)) {
        for (let at = 0; at < run.length; at++) {
          add(run[at], "characters");
          if (at + 1 < run.length) add(run.slice(at, at + 2), "grams");
        }
      }
      for (const [word] of text.matchAll(LATIN_WORD)) {
        const joined = word.replace(/[-_.'’/+&@:]+/g, "");
        for (const part of new Set([joined, ...word.split(/[^a-z0-9]+/)])) if (part) add(part, "words");
      }
    };

    const postings = new Map(); // term → Map(section → pseudo-frequency)
    const counts = FIELDS.map(() => ({ grams: [], characters: [], words: [] }));
    const folded = sections.map((section) => FIELDS.map((field) => fold(section[field])));
    const found = folded.map((texts) => texts.map((text) => {
      const own = new Map();
      terms(text, (term, kind) => { own.set(term, [(own.get(term)?.[0] ?? 0) + 1, kind]); });
      return own;
    }));
    found.forEach((fields) => fields.forEach((own, field) => {
      for (const kind of ["grams", "characters", "words"]) counts[field][kind].push(0);
      for (const [times, kind] of own.values()) counts[field][kind][counts[field][kind].length - 1] += times;
    }));
    const average = counts.map((kinds) => Object.fromEntries(Object.entries(kinds).map(([kind, all]) => [kind, all.reduce((sum, one) => sum + one, 0) / (all.length || 1) || 1])));
    const boosts = FIELDS.map((field) => weights.boosts[field] ?? (field === "asks" ? 1 : 0));
    found.forEach((fields, number) => fields.forEach((own, field) => {
      for (const [term, [times, kind]] of own) {
        const norm = 1 - weights.b + (weights.b * counts[field][kind][number]) / average[field][kind];
        const list = postings.get(term) ?? postings.set(term, new Map()).get(term);
        list.set(number, (list.get(number) ?? 0) + (boosts[field] * times) / norm);
      }
    }));
    const whole = folded.map((texts) => texts.join("\n"));
    const visible = folded.map((texts) => `${texts[0]}\n${texts[3]}\n${texts[4]}`);
    const latin = [...postings.keys()].filter((term) => /^[a-z0-9]+$/.test(term)).sort();
    const stops = new Set(stopWords);
    const idf = (term) => Math.log(1 + (sections.length - (postings.get(term)?.size ?? 0) + 0.5) / ((postings.get(term)?.size ?? 0) + 0.5));

    const parse = (text) => {
      const query = fold(text).replace(/\s+/g, " ").trim();
      const units = [...query.matchAll(HAN), ...query.matchAll(LATIN_WORD)].map(([unit]) => unit);
      const wanted = new Map();
      const want = (term, kind, weight) => { if ((wanted.get(term)?.[1] ?? 0) < weight) wanted.set(term, [kind, weight]); };
      const weigh = { grams: PAIRS, characters: SINGLES, words: LATIN };
      const stopped = (term) => [...stops].some((stop) => stop.includes(term) && query.includes(stop));
      terms(query, (term, kind) => want(term, kind, weigh[kind] * (stopped(term) ? STOP : 1)));
      for (const unit of units) if (/^[a-z0-9]/.test(unit)) {
        const starts = latin.filter((word) => word.startsWith(unit) && word !== unit).slice(0, 20);
        starts.forEach((word) => want(word, "words", LATIN * (postings.has(unit) ? 0.1 : 0.6)));
      }
      for (const group of synonyms) {
        if (!group.some((member) => query.includes(member))) continue;
        for (const other of group) if (!query.includes(other)) terms(other, (term, kind) => { if (kind !== "characters") want(term, kind, weigh[kind] * SYNONYM); });
      }
      return { query, units, wanted };
    };

    // Each section that holds something of the query, best first; one that holds all of it as typed goes before.
    const rank = ({ query, units, wanted }, allowed) => {
      const scores = new Map();
      for (const [term, [kind, weight]] of wanted) {
        const list = postings.get(term);
        if (!list) continue;
        const k1 = weights.k1[kind];
        const factor = weight * (1 + k1) * idf(term) ** weights.rarity;
        for (const [number, frequency] of list) if (allowed(number)) scores.set(number, (scores.get(number) ?? 0) + (factor * frequency) / (frequency + k1));
      }
      const hits = [...scores].map(([number, score]) => {
        const complete = units.length > 0 && units.every((unit) => whole[number].includes(unit));
        const exact = complete && (visible[number].includes(query) || units.every((unit) => visible[number].includes(unit)));
        return { number, score: score + (exact ? CONTAINED : 0), complete, exact };
      });
      return hits.sort((one, other) => other.score - one.score || one.number - other.number);
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
    const guesses = ({ query, units }) => {
      const found = [];
      const typed = query.replace(/[ ']/g, "");
      if (/^[a-z]+$/.test(typed)) found.push(...spelled(typed).map((text) => [text, "pinyin"]));
      for (const unit of units) {
        if (/^[a-z]{2,}$/.test(unit) && typed !== unit) found.push(...spelled(unit).slice(0, 2).map((text) => [query.replace(unit, text), "pinyin"]));
        if (/^[㐀-鿿]{2,8}$/.test(unit) && !whole.some((text) => text.includes(unit))) {
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
      const answer = { query: asked.query, hits, suggestion: null, marks: asked.units };
      if (hits.some((hit) => hit.exact)) return answer;
      for (const [guess, matched] of guesses(asked)) {
        const other = parse(guess);
        const better = rank(other, allowed).filter((hit) => hit.exact || (hit.complete && !hits.length));
        if (!better.length) continue;
        answer.suggestion ??= other.query;
        answer.marks = [...answer.marks, ...other.units];
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
