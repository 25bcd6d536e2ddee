// What sounds like what was typed, of all that stands in the saved texts. In: letters that may be pinyin, or Han characters. Out:
// texts with how likely each is, 0 to 1, the likeliest first. It follows `index/search/homophones.py` and `sounds.py`.
"use strict";
(() => {
  const BEAM = 60,
    RETURNED = 10,
    WAYS = 6,
    PAIRS = 240,
    SYLLABLES = 24,
    WORD = 4,
    SHORT = 3;
  const byLikely = (found) => [...found].sort((one, other) => other[1] - one[1]);

  pocket.sounding = ({ core, index, bisect, common, frequency, standsHan }) => {
    const { readings } = core.search;
    const names = Object.keys(readings);
    const numbers = new Map(names.map((name, at) => [name, at]));
    const read = new Map(); // the ways to read a character
    for (const name of names) for (const one of readings[name]) read.set(one, [...(read.get(one) ?? []), name]);
    const begin = new Map();
    const starting = (letters) =>
      begin.get(letters) ??
      begin
        .set(
          letters,
          names.filter((name) => name.startsWith(letters)),
        )
        .get(letters);

    // Pairs of characters that are read so, each with how often it stands: all that begin with one character lie side by side.
    const { "grams.terms": grams, "grams.ends": ends } = index;
    const readAs = (first, second) => {
      const found = [],
        after = new Set(second),
        firsts = new Set(first.flatMap((name) => [...readings[name]]));
      for (const character of firsts) {
        const code = character.charCodeAt(0);
        for (let at = bisect(grams, code * 65536); grams[at] >>> 16 === code && at < grams.length; at++) {
          const next = String.fromCharCode(grams[at] & 65535);
          if (read.get(next)?.some((name) => after.has(name))) found.push([character + next, ends[at + 1] - ends[at]]);
        }
      }
      return byLikely(found).slice(0, PAIRS);
    };

    // Texts that stand somewhere and sound so, by one list of syllables for each character.
    const strings = (syllables) => {
      if (syllables.length < 2 || syllables.some((some) => !some.length)) return [];
      let beam = null;
      for (let at = 0; at + 1 < syllables.length; at++) {
        const next = readAs(syllables[at], syllables[at + 1]);
        if (!beam) beam = next;
        else {
          const after = pocket.groups(next, ([pair]) => pair[0]);
          beam = byLikely(
            beam.flatMap(([text, rarest]) =>
              (after.get(text.at(-1)) ?? []).map(([pair, times]) => [text + pair[1], Math.min(rarest, times)]),
            ),
          ).slice(0, BEAM);
        }
        if (!beam.length) return [];
      }
      return byLikely(
        beam
          .slice(0, BEAM)
          .map(([text]) => [text, frequency(text)])
          .filter(([text, times]) => text.length < 3 || times || standsHan(text))
          .map(([text, times]) => [
            text,
            0.4 + (times ? 0.3 + (0.2 * Math.min(times, 20)) / 20 : 0) + (common.has(text) ? 0.1 : 0),
          ]),
      );
    };
    // The ways to cut letters into syllables, fewest first; the last may be half-typed.
    const spell = (letters) => {
      const ways = [[[]]];
      for (let end = 1; end <= letters.length; end++) {
        ways[end] = [];
        for (let from = Math.max(0, end - 6); from < end; from++)
          if (numbers.has(letters.slice(from, end)))
            ways[end].push(...ways[from].map((way) => [...way, letters.slice(from, end)]));
        ways[end] = ways[end].sort((one, other) => one.length - other.length).slice(0, WAYS);
      }
      if (ways[letters.length].length) return ways[letters.length];
      for (let from = letters.length - 1; from > 0; from--)
        if (ways[from].length && starting(letters.slice(from)).length)
          return ways[from].map((way) => [...way, letters.slice(from)]);
      return [];
    };
    const keepsSpaces = (way, pieces) => {
      const ends = new Set(way.map((_, at) => way.slice(0, at + 1).join("").length));
      return pieces.slice(0, -1).every((_, at) => ends.has(pieces.slice(0, at + 1).join("").length));
    };
    // `initials`: also by the first letter of each syllable, sjh for 手机号.
    const spelled = (letters, initials) => {
      const pieces = letters.split(/[ ']/);
      const ways = [];
      for (const way of spell(pieces.join(""))) {
        if (pieces.length > 1 && !keepsSpaces(way, pieces)) continue;
        const whole = way.slice(0, -1).map((name) => [name]),
          last = way.at(-1);
        const complete = numbers.has(last);
        ways.push([[...whole, complete ? [last] : starting(last)], complete ? 1 : 0.8]);
        const longer = complete && whole.length ? starting(last).filter((name) => name !== last) : [];
        if (longer.length) ways.push([[...whole, longer], 0.6]);
      }
      if (initials && pieces.length === 1 && letters.length >= 2 && letters.length <= 6)
        ways.push([[...letters].map(starting), 0.5]);
      const found = new Map();
      for (const [syllables, weight] of ways)
        for (const [text, likely] of strings(syllables))
          found.set(text, Math.max(found.get(text) ?? 0, weight * likely));
      return byLikely(found).slice(0, RETURNED);
    };
    // The words that syllables spell, so that most are in words, and in long ones.
    const wordsOf = (syllables) => {
      const best = [[0, []]];
      for (let end = 1; end <= syllables.length; end++) {
        let way = best[end - 1];
        for (let size = 2; size <= Math.min(WORD, end); size++) {
          const some = strings(syllables.slice(end - size, end).map((name) => [name]));
          const word = some.find(([text]) => frequency(text) || common.has(text)) ?? (size === 2 ? some[0] : undefined);
          if (!word) continue;
          const [value, before] = best[end - size];
          if (value + size - 1 + word[1] / 2 > way[0]) way = [value + size - 1 + word[1] / 2, [...before, word[0]]];
        }
        best.push(way);
      }
      return best.at(-1)[1];
    };
    // What letters spell where no section holds all of it, and the share of the syllables that are in words. Pieces that stand
    // somewhere as they are stay, but for short ones beside letters that are read: `le` is French, and 了.
    const readLetters = (typed, unknown) => {
      const pieces = typed.split(/[ ']/);
      const reads = pieces.map((piece) => unknown.has(piece) && spell(piece).length > 0);
      const short = (at) => pieces[at].length <= SHORT && numbers.has(pieces[at]);
      for (let at = 1; at < pieces.length; at++) reads[at] ||= reads[at - 1] && short(at);
      for (let at = pieces.length - 2; at >= 0; at--) reads[at] ||= reads[at + 1] && short(at);
      const words = [];
      let syllables = [],
        held = 0,
        whole = 0;
      [...pieces, ""].forEach((piece, at) => {
        if (reads[at]) return syllables.push(...spell(piece)[0].filter((name) => numbers.has(name)));
        const some = wordsOf(syllables.slice(0, SYLLABLES));
        held += some.join("").length;
        whole += syllables.length;
        syllables = [];
        words.push(...some, ...(piece && !unknown.has(piece) ? [piece] : []));
      });
      return [held ? words.join(" ") : "", held / (whole || 1)];
    };
    const soundingLike = (text) => strings([...text].map((character) => read.get(character) ?? []));
    // What sounds like `typed`, or is it with two characters swapped.
    const heard = (typed) => {
      const found = new Map();
      const keep = (text, weight) => found.set(text, Math.max(found.get(text) ?? 0, weight));
      for (const [text, likely] of soundingLike(typed))
        if (text !== typed)
          keep(
            text,
            0.5 * likely + (0.4 * [...text].filter((one, at) => one === typed[at]).length) / typed.length + 0.1,
          );
      for (let i = 0; i < typed.length; i++)
        for (let j = i + 1; j < typed.length; j++) {
          const text = typed.slice(0, i) + typed[j] + typed.slice(i + 1, j) + typed[i] + typed.slice(j + 1);
          if (text !== typed && standsHan(text)) keep(text, (frequency(text) ? 0.75 : 0.4) / (j === i + 1 ? 1 : 2));
        }
      return byLikely(found).slice(0, RETURNED);
    };
    return { spelled, readLetters, soundingLike, heard };
  };
})();
