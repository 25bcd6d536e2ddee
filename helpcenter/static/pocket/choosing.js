// Which of an article's sections stands first. In: a parsed query, ranked sections. Out: the same, the scores of the best
// exchanged within their articles. It follows `index/search/choosing.py`, which says why the part above the first heading (the
// lead) goes behind.
"use strict";
(() => {
  const NEAR = 24;
  const [ASKS, HEADING, BODY] = [0, 3, 4];

  pocket.choosing = ({ core, sections, field }) => {
    const limits = core.search.weights.sections;
    const led = (article, own) =>
      article.sections.length > 1 &&
      !article.sections[0].heading &&
      own.some((hit) => hit.number === article.sections[0].number);
    // Whether the lead's text holds what was asked, and the other section, however it is asked for, does not.
    const alone = (parts, lead, other) => {
      const body = field(lead, BODY);
      const held = parts.filter((part) => body.includes(part));
      const also = [ASKS, HEADING, BODY].map((at) => field(other, at)).join(" ");
      const least = limits.alone * parts.length;
      return held.length > least && held.length - parts.filter((part) => also.includes(part)).length > least;
    };
    return (parsed, hits) => {
      const near = hits.slice(0, NEAR);
      const byArticle = pocket.groups(near, (hit) => sections[hit.number].article);
      const leads = [...byArticle].filter(([article, own]) => led(article, own));
      if (!leads.length) return hits;
      const known = new Map(hits.map((hit) => [hit.number, hit]));
      const scores = new Map(near.map((hit) => [hit.number, hit.score]));
      const parts = parsed.wanted
        .filter(
          (one) =>
            one.content &&
            one.kind !== "characters" &&
            (/^[\x00-\x7f]+$/.test(one.term) || /^[\u0800-\uffff]{2}$/.test(one.term)),
        )
        .map((one) => one.term);
      for (const [article, own] of leads) {
        const lead = article.sections[0].number,
          follower = lead + 1;
        const others = new Map(own.filter((hit) => hit.number !== lead).map((hit) => [hit.number, hit.score]));
        const top = known.get(lead).score;
        const best = top >= Math.max(0, ...others.values());
        const after = known.get(follower);
        if (best && after?.score && (after.exact || ![...others.keys()].some((number) => known.get(number).exact)))
          others.set(follower, after.score + limits.first * top);
        const order = [...others].sort((one, other) => other[1] - one[1]).map(([number]) => number);
        if (!order.length || (best && alone(parts, lead, order[0]))) continue;
        // As many scores as sections: one that joins them takes the least of all that are near.
        const given = [lead, ...order]
          .map((number) => scores.get(number) ?? near.at(-1).score)
          .sort((one, other) => other - one);
        [...order, lead].forEach((number, at) => scores.set(number, given[at]));
      }
      const first = [...scores]
        .sort((one, other) => other[1] - one[1])
        .map(([number, score]) => ({ ...known.get(number), score }));
      return [...first, ...hits.filter((hit) => !scores.has(hit.number))];
    };
  };
})();
