// Texts as the search sees them: folded, parted by kinds of writing, read out of a section's HTML. In: strings and the tables of
// the pack. Out: strings and runs, as `index/text/` and `index/content/sanitizing.py` make them.
"use strict";
globalThis.pocket = {};
(() => {
  const HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{3134f}";
  const RUNS = new RegExp(
    `([${HAN}]+)|([a-z0-9]+(?:[-_.'’/+&@:]+[a-z0-9]+)*[+#]*)|((?:(?![${HAN}a-z0-9])[\\p{L}\\p{N}])+)`,
    "gu",
  );

  const runs = (text) =>
    [...text.matchAll(RUNS)].map((match) => ({
      text: match[0],
      kind: match[1] ? "han" : match[2] ? "latin" : "other",
      start: match.index,
    }));
  const latinTerms = (run) => {
    const joined = run.replace(/[-_.'’/&@:]+/g, "");
    const bare = joined.replace(/[+#]+$/, "");
    const terms = bare.length <= 40 ? [bare] : [];
    if (joined !== bare && joined.length <= 40) terms.push(joined);
    for (const [piece] of run.matchAll(/[a-z0-9]+/g)) {
      const parts = piece.match(/[a-z]+|[0-9]+/g);
      terms.push(piece, ...(parts.length > 1 && parts.length < 4 ? parts : []));
    }
    return [...new Set(terms)];
  };

  // Every character stays as long as it was, so a place in the folded text is one in the written text.
  const folding = ([written, plain]) => {
    const known = new Map();
    const plains = [...plain];
    [...written].forEach((character, at) => known.set(character, plains[at]));
    const one = (character) => {
      let now = character;
      const same = (form) => {
        if (form.length === character.length) now = form;
      };
      same(now.normalize("NFKC"));
      const bare = now.normalize("NFKD");
      if (/^[a-z]\p{M}+$/iu.test(bare)) same(bare[0]);
      same(now.toLowerCase());
      now = known.get(now) ?? now;
      if ("‐‑‒–—―−﹣".includes(now)) now = "-";
      else if (!/[\n\t]/.test(now) && /\s/.test(now)) now = " ";
      known.set(character, now);
      return now;
    };
    return (text) => text.replace(/[^\n -@[-~]/gu, (character) => known.get(character) ?? one(character));
  };

  // A section's text and what each line of it is (1 2 - + = | : .), as sanitizing.py says.
  const BLOCKS = new Set(
    (
      "address article aside blockquote br caption center dd details div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 " +
      "header hr li main nav ol p pre section summary table tbody tfoot thead tr ul"
    ).split(" "),
  );
  const PIECE = /<(\/?)([a-z][a-z0-9]*)((?:"[^"]*"|[^">])*)>|([^<]+)/g;
  const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', nbsp: "\xa0" };
  const plain = (html) =>
    html.replace(/&(?:#x([0-9a-f]+)|#(\d+)|([a-z]+));/gi, (all, hex, number, name) =>
      name ? (ENTITIES[name] ?? all) : String.fromCodePoint(hex ? Number.parseInt(hex, 16) : +number),
    );
  const read = (html) => {
    const lines = [],
      lists = [];
    let kinds = "",
      line = "",
      kind = ".",
      pre = 0,
      head = false;
    const end = (next) => {
      const shown = line.replace(/\xa0/g, " ").replace(/[ \t\n\f\r]+$/, "");
      if (shown) {
        lines.push(shown);
        kinds += kind;
        if ("12-".includes(kind)) kind = "+";
      }
      line = "";
      kind = next || kind;
    };
    for (const [, closing, name, attributes, words] of html.matchAll(PIECE)) {
      if (words) {
        const [first, ...others] = pre ? plain(words).split("\n") : [plain(words.replace(/\n/g, ""))];
        line += first;
        for (const other of others) {
          end();
          line = other;
        }
      } else if (name === "td" || name === "th") line += closing ? "\t" : "";
      else if (name === "img") line += plain(/ alt="([^"]*)"/.exec(attributes)?.[1] ?? "");
      else if (BLOCKS.has(name)) {
        let next = "";
        if (name === "ol" || name === "ul") {
          if (closing) next = (lists.pop(), lists.length ? "+" : ".");
          else lists.push(name === "ol" && !lists.length ? "1" : "-");
        } else if (name === "li") {
          next = lists.length > 1 || !closing ? "+" : ".";
          if (!closing && lists.length) {
            next = lists.at(-1);
            if (next === "1") lists[lists.length - 1] = "2";
          }
        } else if (name === "thead") head = !closing;
        else if (name === "tr") next = closing ? "." : head ? "=" : "|";
        else if (name === "p" && (closing || attributes.includes("callout-title")))
          next = closing ? (lists.length ? "" : ".") : ":";
        else if (name === "pre") pre += closing ? -1 : 1;
        end(next);
      }
    }
    end();
    return { text: lines.join("\n"), lines: kinds };
  };

  const groups = (list, keyOf) => {
    // Map.groupBy, which phones of 2023 lack
    const found = new Map();
    for (const one of list) found.set(keyOf(one), [...(found.get(keyOf(one)) ?? []), one]);
    return found;
  };
  Object.assign(pocket, { groups, runs, latinTerms, folding, read, plain });
})();
