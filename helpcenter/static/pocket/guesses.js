// Guesses, each labelled as one: what typed letters spell, what sounds the same, slips in Latin words. In: a parsed query that
// no section holds. Out: other queries to try, the likeliest first. Every text is kept as syllables (index.js), so a sound is
// found by comparing numbers.
"use strict";
(() => {
  // Optimal string alignment, as the server counts slips.
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

  pocket.guessing = ({ core, index, count, latin, has, postings, visible }) => {
    const { readings } = core.search;
    const names = Object.keys(readings);
    const syllables = new Set(names);
    const reading = new Map(); // filled with the first guess: most searches need none
    const learn = () => { if (!reading.size) for (const name of names) for (const one of readings[name]) reading.set(one, name); };
    const { heard, whole } = index;

    // Which syllables fit, as a mask over their numbers: one by its name, several by how they begin.
    const mask = (fits) => Uint8Array.from(["", ...names], (name) => (name && fits(name) ? 1 : 0));
    // Where each syllable stands, one after the other: made with the first guess.
    let ends = null, places = null;
    const place = () => {
      ends = new Uint32Array(names.length + 2);
      for (const number of heard) ends[number + 1]++;
      for (let number = 1; number < ends.length; number++) ends[number] += ends[number - 1];
      const next = ends.slice();
      places = new Uint32Array(heard.length);
      for (let at = 0; at < heard.length; at++) places[next[heard[at]]++] = at;
    };
    const texts = (masks) => {
      const times = new Map();
      const [first] = masks;
      if (!places) place();
      for (let number = 1; number <= names.length; number++) {
        if (!first[number]) continue;
        for (let i = ends[number]; i < ends[number + 1]; i++) {
          const at = places[i];
          let size = 1;
          while (size < masks.length && masks[size][heard[at + size]]) size++;
          if (size < masks.length) continue;
          const piece = whole.slice(at, at + size);
          times.set(piece, (times.get(piece) ?? 0) + 1);
        }
      }
      return [...times].sort((one, other) => other[1] - one[1]).map(([piece]) => piece);
    };
    // The ways to read letters as syllables, the last perhaps half-typed.
    const spell = (letters) => {
      const ways = [[[]]];
      for (let end = 1; end <= letters.length; end++) {
        ways[end] = [];
        for (let begin = Math.max(0, end - 6); begin < end; begin++) {
          const piece = letters.slice(begin, end);
          const last = end === letters.length && names.some((name) => name.startsWith(piece));
          if (syllables.has(piece) || last) ways[end].push(...(ways[begin] ?? []).map((way) => [...way, piece]));
        }
        ways[end] = ways[end].sort((one, other) => one.length - other.length).slice(0, 4);
      }
      return ways[letters.length] ?? [];
    };
    const spelled = (letters) => {
      const found = [];
      for (const way of spell(letters)) {
        if (way.length < 2) continue;
        const masks = way.map((piece, at) => mask((name) => (at < way.length - 1 ? name === piece : name.startsWith(piece))));
        found.push(...texts(masks).slice(0, 3));
      }
      if (letters.length >= 2 && letters.length <= 6 && !found.length) found.push(...texts([...letters].map((letter) => mask((name) => name[0] === letter))).slice(0, 5));
      return [...new Set(found)];
    };
    const near = (word) => {
      const most = word.length < 6 ? 1 : 2;
      const found = latin.filter((other) => other.length > 2 && Math.abs(other.length - word.length) <= most).map((other) => [slips(word, other, most), other]).filter(([number]) => number <= most);
      return found.sort((one, other) => one[0] - other[0] || postings("words", other[1]).length - postings("words", one[1]).length).slice(0, 3).map(([, other]) => other);
    };
    const stands = (text) => {
      for (let number = 0; number < count; number++) if (visible(number).includes(text)) return true;
      return false;
    };
    return ({ query, units }) => {
      learn();
      const found = [];
      const typed = query.replace(/[ ']/g, "");
      if (/^[a-z]+$/.test(typed)) found.push(...spelled(typed).map((text) => [text, "pinyin"]));
      for (const { text: unit } of units) {
        if (/^[a-z]{2,}$/.test(unit) && typed !== unit) found.push(...spelled(unit).slice(0, 2).map((text) => [query.replace(unit, text), "pinyin"]));
        if (/^[a-z0-9]{3,24}$/.test(unit) && !has(unit)) found.push(...near(unit).map((text) => [query.replace(unit, text), "similar"]));
        if (/^[㐀-鿿]{2,8}$/.test(unit) && !stands(unit)) {
          const sounds = [...unit].map((character) => reading.get(character));
          if (sounds.every(Boolean)) found.push(...texts(sounds.map((sound) => mask((name) => name === sound))).filter((text) => text !== unit).slice(0, 2).map((text) => [query.replace(unit, text), "similar"]));
        }
      }
      return found;
    };
  };
})();
