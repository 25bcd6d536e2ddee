// The index of a saved copy: built once, when it is saved, and kept beside it as one file of arrays, so that a cold start reads
// and does not build. In: the pack's tables and the sections. Out: `build` → arrays, `encode`/`decode` → bytes and back.
// Why arrays and no maps: 300,000 postings are read in a millisecond, and a term is found by bisection.
"use strict";
(() => {
  const FIELDS = ["asks", "title", "aliases", "heading", "body"];
  const KINDS = ["words", "grams", "characters"];
  const BREATH = 32; // sections between two looks at the screen
  // A posting in 32 bits: section (17), field (3), times (12).
  const posting = (section, field, times) => section * 32768 + field * 4096 + Math.min(times, 4095);

  const build = async (core, sections, breathe) => {
    const fold = pocket.folding(core.search.fold);
    const { terms } = pocket.cutting(core.search);
    const raw = { words: new Map(), grams: new Map(), characters: new Map() };
    const lengths = Object.fromEntries(KINDS.map((kind) => [kind, new Uint16Array(sections.length * FIELDS.length)]));
    const none = () => ({ words: new Map(), grams: new Map(), characters: new Map() });
    const count = (text, counts = none(), times = 1) => {
      const add = (kind, term) => counts[kind].set(term, (counts[kind].get(term) ?? 0) + times);
      terms(text).forEach((word) => add("words", word));
      for (const run of pocket.runs(text)) {
        if (run.kind !== "han") continue;
        for (let at = 0; at < run.text.length; at++) {
          add("characters", run.text.charCodeAt(at));
          if (at + 1 < run.text.length) add("grams", run.text.charCodeAt(at) * 65536 + run.text.charCodeAt(at + 1));
        }
      }
      return counts;
    };
    const starts = new Uint32Array(sections.length * FIELDS.length + 1);
    const texts = [];
    const repeated = new Map(); // titles and aliases are much the same in every section of an article
    let at = 0;
    for (const [number, section] of sections.entries()) {
      if (breathe && number % BREATH === 0) await breathe(number / sections.length);
      for (const [field, name] of FIELDS.entries()) {
        const asks = name === "asks" ? section.asks : null;
        const text = asks ? asks.map(([word]) => word).join("\n") : fold(section[name]);
        texts.push(text);
        starts[number * FIELDS.length + field] = at;
        at += text.length + 1;
        if (!text) continue;
        const counts = asks
          ? asks.reduce((counts, [word, times]) => count(word, counts, times), none())
          : (repeated.get(text) ?? count(text));
        if (name === "title" || name === "aliases") repeated.set(text, counts);
        for (const kind of KINDS) {
          let length = 0;
          for (const [term, times] of counts[kind]) {
            (raw[kind].get(term) ?? raw[kind].set(term, []).get(term)).push(posting(number, field, times));
            length += times;
          }
          lengths[kind][number * FIELDS.length + field] = length;
        }
      }
    }
    starts[starts.length - 1] = at;
    const whole = texts.join("\n") + "\n";
    const index = { whole, starts };
    for (const kind of KINDS) {
      const sorted = [...raw[kind].keys()].sort((one, other) => (one < other ? -1 : 1));
      const ends = new Uint32Array(sorted.length + 1);
      sorted.forEach((term, place) => {
        ends[place + 1] = ends[place] + raw[kind].get(term).length;
      });
      const postings = new Uint32Array(ends[sorted.length]);
      sorted.forEach((term, place) => postings.set(raw[kind].get(term), ends[place]));
      index[`${kind}.terms`] = kind === "words" ? sorted.join("\n") : Uint32Array.from(sorted);
      index[`${kind}.ends`] = ends;
      index[`${kind}.postings`] = postings;
      index[`${kind}.lengths`] = lengths[kind];
    }
    return index;
  };
  // One file: the length of a JSON head, the head ([name, kind, bytes] …), the arrays, each from a multiple of four on.
  const ARRAYS = { u16: Uint16Array, u32: Uint32Array };
  const padded = (size) => Math.ceil(size / 4) * 4;
  const encode = (index) => {
    const parts = Object.entries(index).map(([name, value]) => {
      const bytes = typeof value === "string" ? new TextEncoder().encode(value) : new Uint8Array(value.buffer);
      return {
        head: [name, typeof value === "string" ? "text" : value instanceof Uint16Array ? "u16" : "u32", bytes.length],
        bytes,
      };
    });
    const head = new TextEncoder().encode(JSON.stringify(parts.map((part) => part.head)));
    const whole = new Uint8Array(
      4 + padded(head.length) + parts.reduce((sum, part) => sum + padded(part.bytes.length), 0),
    );
    new DataView(whole.buffer).setUint32(0, head.length, true);
    whole.set(head, 4);
    let at = 4 + padded(head.length);
    for (const { bytes } of parts) {
      whole.set(bytes, at);
      at += padded(bytes.length);
    }
    return whole;
  };
  const decode = (buffer) => {
    const size = new DataView(buffer).getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, size)));
    const index = {};
    let at = 4 + padded(size);
    for (const [name, kind, bytes] of head) {
      index[name] =
        kind === "text"
          ? new TextDecoder().decode(new Uint8Array(buffer, at, bytes))
          : new ARRAYS[kind](buffer, at, bytes / ARRAYS[kind].BYTES_PER_ELEMENT);
      at += padded(bytes);
    }
    if (at !== buffer.byteLength) throw new RangeError("index: not whole");
    return index;
  };

  Object.assign(pocket, { FIELDS, KINDS, build, encode, decode });
})();
