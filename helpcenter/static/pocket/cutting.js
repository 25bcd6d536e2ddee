// Words: runs of Han characters cut as jieba cuts them, and what the asks hold. In: the pack's words, and of jieba's hidden Markov
// model the characters of this content. Out: terms, as `index/text/segmenting.py` makes them.
// Why no jieba: its dictionary weighs 4 MB. Its words that stand in this content, with how common they are, weigh 18 KB.
"use strict";
(() => {
  const TOTAL = Math.log(60129319); // of the corpus that the dictionary counted
  const NEVER = -1e100,
    STEPS = 32,
    HIDDEN_STEPS = 8;
  const BEFORE = { B: "ES", M: "MB", S: "SE", E: "BM" };
  const number = (list, at) => list.charCodeAt(at) - 35; // as index/search/pocket.py writes them

  // All words, those of one first character in a line.
  const wordsOf = (search) =>
    (search.list ??= search.words
      .split("\n")
      .filter(Boolean)
      .flatMap((line) => {
        const [first] = line;
        return line
          .slice(first.length)
          .split(" ")
          .map((rest) => first + rest);
      }));

  // What of a run that fell into single characters is a word after all: each character begins, is inside, or ends one, or stands alone.
  const joining = (search) => {
    const { start, trans, emit } = search.hidden;
    const at = new Map(
      [
        ...new Set(
          wordsOf(search)
            .join("")
            .match(/[\u4e00-\u9fd5]/g),
        ),
      ].map((character, place) => [character, place]),
    );
    const likely = (state, character) =>
      at.has(character) ? -number(emit[state], at.get(character)) / HIDDEN_STEPS : NEVER;
    return (run) => {
      const came = [];
      let now = Object.fromEntries([..."BMES"].map((state) => [state, start[state] + likely(state, run[0])]));
      for (let place = 1; place < run.length; place++) {
        const next = {},
          from = {};
        for (const state of "BMES") {
          const [one, other] = BEFORE[state];
          const values = [one, other].map((before) => now[before] + (trans[before][state] ?? NEVER));
          const second = values[1] > values[0] || (values[1] === values[0] && other > one);
          from[state] = second ? other : one;
          next[state] = values[second ? 1 : 0] + likely(state, run[place]);
        }
        came[place] = from;
        now = next;
      }
      let state = now.E > now.S ? "E" : "S";
      const found = [];
      let end = run.length;
      for (let place = run.length - 1; place >= 0; place--) {
        if (state === "B" || state === "S") {
          found.unshift(run.slice(place, end));
          end = place;
        }
        state = came[place]?.[state];
      }
      return found;
    };
  };

  const cutting = (search) => {
    const common = new Map(),
      reach = new Map();
    wordsOf(search).forEach((word, at) => {
      if (search.common[at] === "#") return;
      common.set(word, (number(search.common, at) - 1) / STEPS - TOTAL);
      if (word.length > (reach.get(word[0]) ?? 1)) reach.set(word[0], word.length);
    });
    let join = null; // most runs fall into no single characters
    // The likeliest way through a run.
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
      for (let at = 0; at < run.length; at = ends[at]) {
        let end = at;
        while (end < run.length && ends[end] === end + 1) end++;
        if (end - at < 2) {
          found.push(run.slice(at, ends[at]));
          continue;
        }
        const singles = run.slice(at, end);
        found.push(...(common.has(singles) ? singles : (join ??= joining(search))(singles)));
        ends[at] = end;
      }
      return found;
    };
    const known = new Map();
    const cut = (run) => known.get(run) ?? known.set(run, cutAnew(run)).get(run);
    const parts = (word) => {
      const found = [];
      for (const size of [2, 3])
        for (let at = 0; size < word.length && at + size <= word.length; at++)
          if (common.has(word.slice(at, at + size))) found.push(word.slice(at, at + size));
      return found;
    };
    // The words of a text as they are indexed: Han words with the shorter ones inside them, Latin forms.
    const terms = (text) =>
      pocket
        .runs(text)
        .flatMap((run) =>
          run.kind === "han"
            ? cut(run.text).flatMap((word) => [word, ...(word.length > 2 ? parts(word) : [])])
            : run.kind === "latin"
              ? pocket.latinTerms(run.text)
              : [run.text],
        );
    return { cut, terms, common };
  };

  // How often which pieces stand in the asks of each section of a file, as `helpcenter/offline/asked.py` writes it.
  const asked = (search, [words, sections, places, times], count) => {
    const list = wordsOf(search);
    const found = Array.from({ length: count }, () => []);
    let word = -1,
      at = 0;
    for (let i = 0; i < words.length; i++) {
      word += number(words, i) + 1;
      let section = -1;
      for (let rest = number(sections, i); rest > 0; rest--, at++) {
        section += number(places, at) + 1;
        found[section].push([list[word], number(times, at)]);
      }
    }
    return found;
  };
  Object.assign(pocket, { wordsOf, cutting, asked });
})();
