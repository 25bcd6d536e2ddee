// What was typed becomes a query: terms with weights, and of each run what a section must have to hold it. In: text, the words of
// the index. Out: { query, units, needed, wanted, marks }. It follows `index/search/parsing.py` and `expanding.py`.
"use strict";
(() => {
  const MOST_SYNONYMS = 12,
    LONGEST_SYNONYM = 4,
    MOST_BEGINNINGS = 24,
    LONG = 3;
  const ALL_HAN = /^[\u4e00-\u9fff]+$/;

  pocket.parsing = ({ core, fold, cut, place, latin, bisect }) => {
    const { synonyms, lexicon, stopWords, weights } = core.search;
    const { runs, latinTerms } = pocket;
    const stops = new Set(stopWords);
    const has = (word) => place("words", word) >= 0;
    const groups = new Map();
    const compact = (written) =>
      ALL_HAN.test(written)
        ? written
        : runs(written)
            .map((run) => (run.kind === "latin" ? (latinTerms(run.text)[0] ?? run.text) : run.text))
            .join("");
    for (const group of synonyms)
      for (const member of group) {
        const key = compact(member);
        groups.set(key, [...(groups.get(key) ?? []), ...group.filter((other) => other !== member)]);
      }
    const longest = Math.max(1, ...Object.keys(lexicon).map((word) => word.length));
    // The standard words for what of the lexicon stands in the query, the longest at each place.
    const standard = (stretch) => {
      const found = [];
      for (const run of stretch) {
        if (run.kind !== "han") found.push(...(lexicon[run.text] ?? []));
        else
          for (let at = 0; at < run.text.length;) {
            let size = Math.min(longest, run.text.length - at);
            while (size > 1 && !lexicon[run.text.slice(at, at + size)]) size--;
            found.push(...(lexicon[run.text.slice(at, at + size)] ?? []));
            at += size;
          }
      }
      return new Set(found);
    };

    // A long word of which nothing stands anywhere: its characters elsewhere mean another.
    const strange = (word) =>
      word.length >= LONG &&
      !has(word) &&
      ![...word].some((_, at) => at + 1 < word.length && place("grams", word.slice(at, at + 2)) >= 0);

    return (typedText) => {
      const query = fold(typedText).replace(/\s+/g, " ").trim();
      const terms = new Map();
      const add = (
        kind,
        term,
        stop,
        {
          factor = 1,
          added = false,
          content = !stop && kind !== "characters" && !(kind === "words" && term.length === 1 && term > "\x7f"),
        } = {},
      ) => {
        const before = terms.get(`${kind} ${term}`);
        terms.set(`${kind} ${term}`, {
          kind,
          term,
          weight: weights.kinds[kind] * factor * (stop ? weights.query.stop_words : 1) + (before?.weight ?? 0),
          content: content || !!before?.content,
          added: added && before?.added !== false,
        });
      };
      const stretch = runs(query);
      const han = stretch.reduce((sum, run) => sum + (run.kind === "han" ? run.text.length : 0), 0);
      const share = stretch.length > 1 ? Math.min(1, han / weights.query.characters_from) : 1;
      const typed = [],
        marks = [];
      let units = [],
        needed = [];
      stretch.forEach((run, number) => {
        if (run.kind === "han") {
          const pieces = cut(run.text);
          const unit = {
            text: run.text,
            kind: "han",
            needed: [],
            words: pieces,
            idle: pieces.every((word) => stops.has(word)),
          };
          const shares = pieces.flatMap((word) =>
            Array(word.length).fill(strange(word) ? share * weights.query.strange : share),
          );
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
          [...run.text].forEach((character, at) =>
            add("characters", character, stopped[at], { factor: alone ? 1 : shares[at], content: alone }),
          );
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
          if (run.kind === "latin" && before?.kind === "latin" && before.start + before.text.length + 1 === run.start)
            add("words", before.text + first, false);
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
        for (
          let at = bisect(latin, unit.text);
          unit.text && latin[at]?.startsWith(unit.text) && starts.length < MOST_BEGINNINGS;
          at++
        )
          if (latin[at] !== unit.text) starts.push(latin[at]);
        starts.forEach((word) =>
          beginnings.push({
            kind: "words",
            term: word,
            weight: weights.query[there ? "prefix_known" : "prefix"],
            content: true,
            added: true,
          }),
        );
        unit.needed =
          !there && !starts.length && unit.parts.length
            ? unit.parts.map((part) => [["words", part]])
            : [[unit.text, ...starts].map((word) => ["words", word])];
      });
      units = units.some((unit) => !unit.idle) ? units.filter((unit) => !unit.idle) : units;
      needed.push(...units.filter((unit) => unit.kind === "latin").flatMap((unit) => unit.needed));
      if (!needed.length) {
        needed = units.flatMap((unit) => unit.needed);
        for (const one of terms.values()) if (one.kind !== "characters") one.content = true;
      }
      const ordinary = standard(stretch);
      const others = [...ordinary];
      for (let size = Math.min(LONGEST_SYNONYM, typed.length); size > 0; size--)
        for (let at = 0; at + size <= typed.length; at++)
          others.push(...(groups.get(typed.slice(at, at + size).join("")) ?? []));
      const had = new Set(typed);
      let many = 0;
      for (const other of new Set(others))
        for (const run of runs(other))
          for (const word of run.kind === "han" ? cut(run.text) : latinTerms(run.text).slice(0, 1)) {
            if (had.has(word) || stops.has(word) || many++ >= MOST_SYNONYMS) continue;
            had.add(word);
            add("words", word, false, {
              factor: weights.query[ordinary.has(other) ? "lexicon" : "synonyms"],
              added: true,
            });
            if (word.length > 1) marks.push(word);
          }
      return {
        query,
        units,
        needed,
        wanted: [...terms.values(), ...beginnings],
        marks: [...new Set(marks)].sort((one, other) => other.length - one.length),
      };
    };
  };
})();
