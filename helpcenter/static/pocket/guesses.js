// Guesses: where nothing contains what was typed, what the reader may have meant. In: a parsed query of which some unit stands
// nowhere. Out: other queries to try, each with a certainty of 0 to 1. It follows `index/search/guessing.py`.
"use strict";
(() => {
  const LONGEST = 8,
    TRIED = 10,
    UNITS = 6,
    RETURNED = 10;
  const COMMON = Math.log(20 / 60129319); // from which a word is no slip of the keyboard, though this content lacks it
  const CANTONESE = /[唔冇嘅咗喺佢攞啲嗰咁嚟睇俾畀哋嘢噉咩乜揾搵嗌瞓冧啱]/; // a word with one is no slip
  const READ = 0.6,
    READING = 0.95; // the least share of syllables in words, and the certainty where all are
  const byCertainty = (found) => found.sort((one, other) => other.certainty - one.certainty);

  // Optimal string alignment, as the server counts slips.
  const slips = (one, other, most) => {
    let last = new Uint8Array(other.length + 1),
      row = last.map((_, at) => at),
      next = last.slice();
    for (let i = 1; i <= one.length; i++) {
      let least = (next[0] = i);
      for (let j = 1; j <= other.length; j++) {
        let slip = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1));
        if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1])
          slip = Math.min(slip, last[j - 2] + 1);
        next[j] = slip;
        if (slip < least) least = slip;
      }
      if (least > most) return most + 1;
      [last, row, next] = [row, next, last];
    }
    return row[other.length];
  };

  pocket.guessing = (engine) => {
    const { core, latin, common, frequency, stands } = engine;
    const synonyms = new Set([...Object.keys(core.search.lexicon), ...core.search.synonyms.flat()]);
    const letters = [...new Set([...latin, ...synonyms])].filter((word) => /^[a-z]+$/.test(word));
    let sounds = null; // most searches need none

    // Latin words of this content that are spelt nearly so, else those that begin nearly so.
    const near = (word) => {
      if (word.length < 3) return [];
      const most = word.length < 6 ? 1 : 2;
      const found = letters
        .filter((other) => other.length > 2 && other.length < 25 && Math.abs(other.length - word.length) <= most)
        .map((other) => [other, slips(word, other, most)])
        .filter(([, number]) => number <= most);
      if (found.length || word.length < 4) {
        const sized = found
          .map(([other, number]) => [other, number, frequency(other)])
          .sort((one, other) => one[1] - other[1] || other[2] - one[2]);
        return sized
          .slice(0, RETURNED)
          .map(([other, number, times]) => [other, 0.9 - 0.3 * number + 0.01 * Math.min(times, 10)]);
      }
      const longer = latin.filter(
        (other) => other[0] === word[0] && other.length > word.length && /^[a-z]+$/.test(other),
      );
      const begins = longer.filter((other) =>
        [0, 1].some((more) => slips(word, other.slice(0, word.length + more), 1) <= 1),
      );
      return begins
        .map((other) => [other, 0.4 + 0.01 * Math.min(frequency(other), 10)])
        .sort((one, other) => other[1] - one[1])
        .slice(0, RETURNED);
    };
    const unknown = (units) =>
      [...new Map(units.map((unit) => [unit.text, unit])).values()].filter((unit) => !stands(unit));
    const nearWords = ({ units }) =>
      new Map(
        unknown(units.filter((unit) => /^[a-z]+$/.test(unit.text)))
          .slice(0, UNITS)
          .map((unit) => [unit.text, near(unit.text)]),
      );
    const isCommon = (word) => word.length > 1 && (common.get(word) ?? -Infinity) >= COMMON;
    // The query once for each variant, with that in the place of `typed`; `piece`: the variant, where it competes with what shares
    // the rest.
    const replaced = ({ query, units }, typed, variants) =>
      variants.map(([variant, certainty]) => ({
        text: query.replace(typed, variant),
        certainty,
        piece: units.length > 1 && frequency(variant) ? variant : "",
        offered: true,
      }));
    const likeliest = (found) => {
      const best = new Map();
      for (const guess of byCertainty(found)) if (!best.has(guess.text)) best.set(guess.text, guess);
      return [...best.values()].slice(0, TRIED);
    };

    // For letters that may be its pinyin: queries with Chinese text.
    const spelled = (parsed, slipped) => {
      const { query, units } = parsed;
      const typed = /[a-z]+(?:[ '][a-z]+)*/.exec(query)?.[0];
      if (!typed) return [];
      if (!slipped.size) return [];
      // Five letters or more that are one slip from a word are no initials.
      const spell = (text) =>
        sounds.spelled(text, text.length < 5 || !(slipped.get(text) ?? []).some(([, weight]) => weight > 0.6));
      const found = replaced(parsed, typed, spell(typed));
      const pieces = typed.split(/[ ']/);
      if (pieces.length > 1 && !found.length) {
        const [text, share] = sounds.readLetters(typed, new Set(unknown(units).map((unit) => unit.text)));
        if (share >= READ)
          return [
            { text: query.replace(typed, text), certainty: share * READING, piece: "", read: true, offered: true },
          ];
        if (slipped.size < pieces.length)
          for (const piece of slipped.keys()) found.push(...replaced(parsed, piece, spell(piece)));
      }
      const text = found.length ? "" : sounds.readLetters(typed, new Set(slipped.keys()))[0];
      if (text) found.push({ text: query.replace(typed, text), certainty: 0.4, piece: "", offered: true });
      return likeliest(found);
    };
    // A sentence with one word that nothing holds replaced by one that sounds the same: a slip falls apart when it is cut.
    const mended = ({ query }, unit) => {
      const found = [];
      let at = 0;
      unit.words.forEach((word, i) => {
        const after = unit.words[i + 1] ?? "";
        const pair = word.length === 2 ? word : word.length === 1 && after.length === 1 ? word + after : "";
        const begin = at;
        at += word.length;
        if (!pair || engine.postings("grams", pair).length || isCommon(pair)) return;
        for (const [variant, likely] of sounds.soundingLike(pair).slice(0, 3)) {
          if (!frequency(variant) || !common.has(variant)) continue;
          found.push({
            text: query.replace(unit.text, unit.text.slice(0, begin) + variant + unit.text.slice(begin + 2)),
            certainty: 0.5 * likely,
            piece: variant,
            sentence: true,
            offered: true,
          });
        }
      });
      return byCertainty(found).slice(0, 3);
    };
    // With a slip put right.
    const corrected = (parsed, slipped) => {
      const found = [...slipped].flatMap(([text, words]) => replaced(parsed, text, words));
      for (const unit of unknown(parsed.units.filter((one) => one.kind === "han" && one.text.length > 1)).slice(
        0,
        UNITS,
      )) {
        if (
          CANTONESE.test(unit.text) ||
          unit.words.every((word) => word.length > 1 && (frequency(word) || synonyms.has(word)))
        )
          continue;
        const usual = unit.words.every(isCommon);
        let heard = unit.text.length <= LONGEST ? sounds.heard(unit.text) : [];
        if (usual) heard = heard.filter(([text]) => frequency(text));
        found.push(
          ...replaced(parsed, unit.text, heard).map((guess) =>
            usual ? { ...guess, piece: "", offered: false } : guess,
          ),
        );
        if (!heard.length) found.push(...mended(parsed, unit));
      }
      return likeliest(found);
    };
    // Each guess with the layer that made it.
    return (parsed) => {
      sounds ??= pocket.sounding(engine);
      const slipped = nearWords(parsed);
      return [
        ["pinyin", spelled(parsed, slipped)],
        ["similar", corrected(parsed, slipped)],
      ];
    };
  };
})();
