// Simplified into Traditional: words of this content first, then characters. In: the pack's table. Out: texts, or a part of the
// page with all that readers see or hear of it.
"use strict";
(() => {
  const UNTOUCHED = "code, pre, kbd, samp, [translate=no]";
  const SPOKEN = ["alt", "title", "placeholder", "aria-label", "aria-description"];

  pocket.traditional = ([words, rightWords, characters, rightCharacters]) => {
    const rights = rightWords.split(" ");
    const table = new Map(words.split(" ").map((word, at) => [word, rights[at]]));
    const single = new Map([...characters].map((character, at) => [character, [...rightCharacters][at]]));
    const longest = Math.max(1, ...[...table.keys()].map((word) => word.length));
    const turned = (text) => {
      let out = "";
      for (let at = 0; at < text.length;) {
        let size = Math.min(longest, text.length - at);
        while (size > 1 && !table.has(text.slice(at, at + size))) size--;
        const piece = text.slice(at, at + size);
        out += size > 1 ? table.get(piece) : (single.get(piece) ?? piece);
        at += size;
      }
      return out;
    };
    const turn = (within) => {
      const walker = document.createTreeWalker(within, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (node.nodeType === Node.TEXT_NODE) {
          if (/[^\x00-\u33ff]/.test(node.data) && !node.parentElement?.closest(UNTOUCHED))
            node.data = turned(node.data);
        } else
          for (const name of SPOKEN)
            if (node.hasAttribute(name)) node.setAttribute(name, turned(node.getAttribute(name)));
      }
    };
    return { turned, turn };
  };
})();
