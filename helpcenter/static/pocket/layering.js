// One ranked answer out of what was typed and what it may have meant. In: a query. Out: hits, each with the layer that found it.
// It follows `index/search/layering.py` and `layers/guessed.py`: where some section contains the query, nothing is guessed.
"use strict";
(() => {
  const STEP = 10; // by how many points a certain guess stands above all that shares only a part of the query

  pocket.layering = ({ parse, rank, holders, ordered }, guesses) => {
    // What the guesses of one layer find: [{ guess, parsed, sections, scores }].
    const lookUp = (some, ranking) => {
      const found = [];
      let beside = false;
      for (const guess of some) {
        const parsed = parse(guess.text);
        let { sections, scores } = holders(parsed);
        const top = scores.reduce((most, one) => Math.max(most, one), 0) || 1;
        if (sections.length)
          scores = guess.sentence
            ? sections.map((number, at) => (ranking.scores[number] + scores[at]) / 2)
            : scores.map((score) => ranking.top + guess.certainty * (STEP + ((STEP / 2) * score) / top));
        else if (guess.piece && ranking.total && !beside) {
          ({ sections } = holders(parse(guess.piece)));
          const other = rank(parsed).scores;
          scores = sections.map(
            (number) => ranking.scores[number] + guess.certainty * (other[number] - ranking.scores[number]),
          );
          beside = sections.length > 0;
        }
        if (guess.read) {
          const part = rank(parsed);
          sections = part.sections();
          scores = sections.map(
            (number) => ranking.top + (guess.certainty * STEP * part.scores[number]) / (part.top || 1),
          );
        }
        if (sections.length) found.push({ guess, parsed, sections, scores });
      }
      if (some.length && !ranking.total) {
        // a guess that is all we have is searched in full
        const parsed = parse(some[0].text),
          part = rank(parsed);
        const sections = part.sections();
        if (sections.length)
          found.push({
            guess: { ...some[0], certainty: 0 },
            parsed,
            sections,
            scores: sections.map((number) => ((STEP / 2) * some[0].certainty * part.scores[number]) / (part.top || 1)),
          });
      }
      return found;
    };
    return (typed) => {
      const asked = parse(typed);
      const ranking = rank(asked);
      const answer = { query: asked.query, parsed: asked, suggestion: null };
      const claims = new Map();
      if (!ranking.exact.length) {
        const found = guesses(asked).flatMap(([matched, some]) =>
          lookUp(some, ranking).map((one) => ({ ...one, matched })),
        );
        for (const { guess, parsed, sections, scores, matched } of found.sort(
          (one, other) => other.guess.certainty - one.guess.certainty,
        )) {
          const fresh = sections.map((number, at) => [number, scores[at]]).filter(([number]) => !claims.has(number));
          if (fresh.length && guess.offered) answer.suggestion ??= parsed.query;
          for (const [number, score] of fresh) claims.set(number, { score, matched, parsed });
        }
      }
      for (const [number, { score }] of claims) {
        ranking.scores[number] = score;
        ranking.found[number] = 1;
      }
      answer.hits = ordered(ranking).map((hit) => ({
        ...hit,
        matched: claims.get(hit.number)?.matched ?? "words",
        parsed: claims.get(hit.number)?.parsed ?? asked,
      }));
      return answer;
    };
  };
})();
