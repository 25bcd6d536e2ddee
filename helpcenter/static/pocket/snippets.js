// Snippets: the best passage of a section with every true match marked, and the first steps of a numbered list. In: a body as
// written and folded (equally long), what its lines are, what to mark. Out: HTML, escaped. It follows `index/search/snippets.py`
// line by line, where each number says why.
"use strict";
(() => {
  const LENGTH = 96,
    LONGEST = 120,
    NEAR = 84,
    MOST_MARKS = 60;
  const SENTENCE = /[。！？；!?…]+[”’」』）)]*|\n/g;
  const PAUSE = /^[^]*[，、：,.;!? ]/;
  const ENDS = /[。！？；，：…]$/;
  const OPEN = "\x1e",
    CLOSE = "\x1f";
  const SIGNS = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;" };
  const escaped = (passage) =>
    passage
      .replace(/[&<>"']/g, (sign) => SIGNS[sign])
      .replaceAll(OPEN, "<mark>")
      .replaceAll(CLOSE, "</mark>");
  const stops = (text, begin, end) =>
    [...text.slice(begin, end).matchAll(SENTENCE)].map((stop) => begin + stop.index + stop[0].length);
  const pause = (text, begin, end) => {
    const found = PAUSE.exec(text.slice(Math.max(0, begin), end));
    return found && Math.max(0, begin) + found[0].length;
  };

  const spans = (folded, marks) => {
    const found = [];
    for (const mark of marks) {
      const latin = mark[0] < "\x7f";
      for (
        let at = folded.indexOf(mark);
        at >= 0 && found.length < MOST_MARKS;
        at = folded.indexOf(mark, at + mark.length)
      ) {
        if (!latin || at === 0 || !/[a-z0-9]/i.test(folded[at - 1])) found.push([at, at + mark.length]);
      }
    }
    found.sort((one, other) => one[0] - other[0] || one[1] - other[1]);
    const joined = [];
    for (const [begin, end] of found) {
      const last = joined.at(-1);
      if (last && begin <= last[1]) last[1] = Math.max(last[1], end);
      else joined.push([begin, end]);
    }
    return joined;
  };
  const mark = (text, begin, end, found) => {
    let out = "",
      at = begin;
    for (const [left, right] of found) {
      if (right <= begin) continue;
      if (left >= end) break;
      out +=
        text.slice(at, Math.max(left, begin)) + OPEN + text.slice(Math.max(left, begin), Math.min(right, end)) + CLOSE;
      at = Math.min(right, end);
    }
    return out + text.slice(at, end);
  };
  const itemNumber = (lines, at) => lines.slice(lines.lastIndexOf("1", at), at + 1).split("2").length;
  // The passage in one line: items keep their marks, a row reads 项目：值; a table's head stays where marked.
  const shown = (text, begin, end, found, lines) => {
    let number = text.slice(0, begin).split("\n").length - 1;
    const pieces = [];
    let kind = ".";
    for (let at = begin; at < end; number++) {
      let stop = text.indexOf("\n", at);
      if (stop < 0 || stop > end) stop = end;
      kind = lines[number] ?? ".";
      const piece = mark(text, at, stop, found);
      const whole = at === 0 || text[at - 1] === "\n";
      if ("|=".includes(kind)) {
        if (kind === "|" || piece.includes(OPEN)) {
          const [label, ...values] = piece.replace(/^\t+|\t+$/g, "").split("\t");
          const row = values.length ? label + (/[：:]$/.test(label) ? "" : "：") + values.join("，") : label;
          pieces.push(row + (ENDS.test(row) ? "" : "；"));
        }
      } else if (kind === ":") pieces.push(`${piece}：`);
      else if (whole && "12".includes(kind)) pieces.push(`${itemNumber(lines, number)}. ${piece}`);
      else pieces.push(whole && kind === "-" ? `• ${piece}` : piece);
      at = stop + 1;
    }
    if (kind === ":" && pieces.length > 1) pieces.pop(); // the word over a callout, without the callout
    return escaped(
      pieces
        .join(" ")
        .replaceAll("\t", " ")
        .replace(/^ +| +$/g, "")
        .replace(/；$/, ""),
    );
  };
  // Where the matches begin that a passage should show: a new piece counts by its length, a repeated one little.
  const densest = (text, found) => {
    if (!found.length || found.at(-1)[1] <= found[0][0] + LENGTH - 12) return found.length ? found[0][0] : 0;
    const everything = 3 * [...new Set(found.map((span) => text.slice(...span)))].join("").length;
    let best = found[0][0],
      most = 0;
    for (const [first, [begin]] of found.entries()) {
      const inside = new Set();
      let value = 0,
        at = first;
      for (; at < found.length && found[at][1] <= begin + LENGTH - 12; at++) {
        const piece = text.slice(...found[at]);
        value += inside.has(piece) ? 1 : 3 * piece.length;
        inside.add(piece);
      }
      if (value > most) [best, most] = [begin, value];
      if (at === found.length || value >= everything) break; // from here on matches only leave, or there is little to gain
    }
    return best;
  };
  // Where a passage may begin that has room left, since a long sentence follows: with a sentence before it.
  const earlier = (text, begin, end, best) => {
    while (begin) {
      const line = text.lastIndexOf("\n", begin - 2) + 1;
      const before = stops(text, begin > 1 ? line : 0, begin - 1).at(-1) ?? line;
      if (end - before > LENGTH || best - before > NEAR - 4) break;
      begin = before;
    }
    return begin;
  };
  // Where a sentence too long ends: at a pause, never within a match.
  const cut = (text, begin, found) => {
    let end = begin + LENGTH;
    const least = Math.max(begin + LENGTH / 2, ...found.map(([, right]) => right).filter((right) => right <= end));
    end = pause(text, least, end) ?? end;
    return found.find(([left, right]) => left < end && end < right && left > begin)?.[0] ?? end;
  };
  const snippet = (text, folded, lines, marks) => {
    const found = spans(folded, marks);
    if (text.length <= LENGTH) return shown(text, 0, text.length, found, lines);
    const best = densest(text, found);
    const line = best ? text.lastIndexOf("\n", best - 1) + 1 : 0;
    let begin = (best - line > NEAR / 2 && stops(text, line, best).at(-1)) || line;
    const before = best - begin > NEAR - 24;
    if (before) begin = pause(text, best - 30, best) ?? best - 16; // so long a sentence would hide the match
    const ends = stops(text, best, begin + LONGEST).filter((end) => end > best);
    if (text.length <= begin + LONGEST) ends.push(text.length);
    let end,
      after = false;
    if (ends.length) {
      const fitting = ends.filter((one) => one - begin <= LENGTH);
      end = fitting.length ? Math.max(...fitting) : ends[0];
      if (!before) begin = earlier(text, begin, end, best);
    } else [end, after] = [cut(text, begin, found), true];
    return `${before ? "…" : ""}${shown(text, begin, end, found, lines)}${after ? "…" : ""}`;
  };
  // Up to `most` items of the first numbered list, and how many it has; a list of one item counts as none.
  const firstSteps = (text, folded, lines, marks, most) => {
    const first = lines.indexOf("1");
    if (first < 0 || !lines.includes("2")) return { steps: [], count: 0 };
    const length = /^[2+-]*/.exec(lines.slice(first + 1))[0].length;
    const places = [first];
    for (let at = first + 1; at <= first + length; at++) if (lines[at] === "2") places.push(at);
    if (places.length < 2) return { steps: [], count: 0 };
    const written = text.split("\n"),
      plain = folded.split("\n");
    const steps = places
      .slice(0, most)
      .map((at) => escaped(mark(written[at], 0, written[at].length, spans(plain[at], marks))));
    return { steps, count: places.length };
  };
  Object.assign(pocket, { snippet, firstSteps });
})();
