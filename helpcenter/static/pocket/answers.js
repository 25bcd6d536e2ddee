// Whether what was found answers, which section may be shown whole, and which guide was named. In: a parsed query and ranked
// sections. Out: yes or no, a section, guides. It follows `coverage.py`, `answering.py` and `guides.py` of `index/search/`.
"use strict";
(() => {
  const LOOKED_AT = 10,
    READ = 1000;
  const GUIDE_LONGEST = 60,
    GUIDE_SHARE = 0.6,
    GUIDES = 2;
  const EMPTY = "怎么 怎么办 如何 怎样 什么 办 吗 呢 啊 请问 我 我的 了 的 一直 向导 流程 步骤".split(" ");
  const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);

  pocket.answering = ({ sections, engine, core }) => {
    const { weights, stopWords } = core.search;
    const rarity = (term) =>
      (term.kind === "characters" ? 1 : term.weight) * engine.idf(engine.postings(term.kind, term.term));

    // Whether some section holds enough of what was asked for, by how rare it is. Asks do not count: between them they hold the
    // characters of almost any question. Words of the dictionary that no section has are unknown here, so `no` is said less often.
    const answered = (parsed, hits) => {
      if (!hits.length || hits.some((hit) => hit.complete || hit.exact)) return hits.length > 0;
      const kinds = [
        [parsed.wanted.filter((one) => one.kind === "words" && one.content), 1],
        [parsed.wanted.filter((one) => one.kind === "characters"), 2],
      ]
        .map(([terms, share]) => ({
          terms: terms.map((one) => [one.term, rarity(one)]),
          share,
          total: sum(terms.filter((one) => !one.added).map(rarity)),
        }))
        .filter((one) => one.total);
      const whole = sum(kinds.map((one) => one.share)) || 1;
      const held = hits.slice(0, LOOKED_AT).map((hit) => {
        const text = engine.text(hit.number, 1).slice(0, READ);
        return sum(
          kinds.map(
            ({ terms, share, total }) =>
              share *
              Math.min(1, sum(terms.filter(([term]) => text.includes(term)).map(([, weight]) => weight)) / total),
          ),
        );
      });
      const { least, score } = weights.coverage;
      return (
        Math.max(...held) / whole + (score * hits[0].score) / Math.max(1, sum(kinds.map((one) => one.total))) >= least
      );
    };

    const held = (asked, ...texts) =>
      sum(asked.filter(([word]) => texts.some((text) => text.includes(word))).map(([, weight]) => weight)) /
      sum(asked.map(([, weight]) => weight));
    // Single characters side by side: mostly a word that this content lacks, and so its dictionary (航站楼).
    const strange = (parsed) =>
      parsed.units
        .filter((unit) => unit.kind === "han")
        .flatMap((unit) =>
          unit.words
            .map((word) => (word.length > 1 || stopWords.includes(word) ? " " : word))
            .join("")
            .split(" ")
            .filter((run) => run.length > 1),
        );
    // `first`: the hit that stands first where the sections of an article have exchanged their scores.
    const direct = (parsed, hits, first) => {
      const [best] = hits;
      if (!best || best.matched !== "words" || best.number !== first.number) return null;
      const limits = weights.answer;
      const section = sections[best.number];
      const rival = (hits.find((hit) => sections[hit.number].article !== section.article)?.score ?? 0) / best.score;
      const next = (hits[1]?.score ?? 0) / best.score;
      if (rival > limits.line_rival || next > limits.line_next) return null;
      const asked = parsed.wanted
        .filter((one) => one.kind === "words" && one.content && !one.added)
        .map((one) => [one.term, engine.idf(engine.postings("words", one.term))]);
      const [asks, title, aliases, heading, body] = [0, 1, 2, 3, 4].map((field) => engine.field(best.number, field));
      if (asked.length < limits.words || body.length > limits.longest || (!section.heading && !section.anchor))
        return null;
      asked.push(...strange(parsed).map((run) => [run, engine.idf([])]));
      const most = Math.max(
        0,
        ...[heading, ...asks.split("\n")].filter(Boolean).map((line) => held(asked, line, title)),
      );
      if (most >= limits.line)
        return most >= limits.held || held(asked, heading, body, title) >= limits.text ? section : null;
      const own = [asks, aliases, heading, body].join("\n");
      const clear = rival <= limits.rival && next <= limits.next;
      return clear && held(asked, own, title) >= limits.held && held(asked, own) >= limits.held_itself ? section : null;
    };

    const idle = new Set([...EMPTY, ...stopWords]);
    const wordsOf = (folded) => new Set(engine.termsOf(folded));
    const telling = (words) => new Set([...words].filter((word) => !idle.has(word)));
    const size = (words) => sum([...words].map((word) => word.length));
    const within = (some, all) => [...some].every((word) => all.has(word));
    let names = null;
    const namesOf = () => {
      const cut = Object.entries(core.guides).map(([id, guide]) => [
        id,
        [guide.title, ...guide.aliases].map(engine.fold).map((name) => [name.replace(/\s+/g, ""), wordsOf(name)]),
      ]);
      const times = new Map(); // what most guides have in their names tells none of them
      for (const [, own] of cut)
        for (const word of new Set(own.flatMap(([, words]) => [...words]))) times.set(word, (times.get(word) ?? 0) + 1);
      for (const [word, count] of times) if (count > Math.max(1, cut.length / 2)) idle.add(word);
      return cut.map(([id, own]) => [id, own.map(([name, words]) => [name, telling(words)])]);
    };
    const guides = (query) => {
      const text = engine.fold(query).trim();
      if (text.length < 2 || text.length > GUIDE_LONGEST) return [];
      names ??= namesOf();
      const asked = telling(wordsOf(text));
      const compact = text.replace(/\s+/g, "");
      const score = (own) =>
        Math.max(
          0,
          ...own.map(([name, words]) => {
            if (name === compact) return 1;
            if (words.size && within(words, asked)) return size(words) / size(asked);
            return asked.size && within(asked, words) && size(asked) >= GUIDE_SHARE * size(words)
              ? size(asked) / size(words)
              : 0;
          }),
        );
      return names
        .map(([id, own]) => [score(own), id])
        .filter(([points]) => points > 0)
        .sort((one, other) => other[0] - one[0])
        .slice(0, GUIDES)
        .map(([, id]) => id);
    };
    return { answered, direct, guides };
  };
})();
