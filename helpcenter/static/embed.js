// The search box for other sites: <script src="https://help.example.org/embed.js" async></script>
// In: the script's own address, which names the help center, and its data- attributes (docs/api.md). Out: one element with a
// shadow root, so that neither page's styles reach the other. It reads the JSON API, which must allow the page's origin
// (HELPCENTER_CORS_ORIGINS). Results are built as text nodes: whatever an answer holds, nothing of it becomes markup.
(() => {
  // By the getter itself: `document.currentScript` may be a picture of that name in a comment that the page shows.
  const current = Object.getOwnPropertyDescriptor(Document.prototype, "currentScript").get.call(document);
  const script = current ?? Document.prototype.querySelector.call(document, 'script[src*="/embed.js"]');
  const { target, placeholder = "搜索帮助", limit = "6", ...options } = script.dataset;
  const base = script.src.replace(/\/embed\.js.*$/, "");
  const PAUSE = 120; // ms after a keystroke: a request from elsewhere crosses a network; a finished composition needs none
  const REST = 900; // ms until a screen reader is told the count
  const filters = Object.entries(options).flatMap(([name, values]) =>
    values
      .split(",")
      .filter((value) => value.trim())
      .map((value) => [name, value.trim()]),
  ); // whatever the site declares

  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
    element.append(...children);
    return element;
  };
  const address = (path, values) => `${base}${path}?${new URLSearchParams([...values, ...filters])}`;
  const ENTITIES = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#34;": '"', "&#39;": "'", "&#x27;": "'", "&amp;": "&" };
  const plain = (text) => text.replace(/&(?:lt|gt|amp|quot|#34|#39|#x27);/g, (entity) => ENTITIES[entity]);
  const marked = (snippet) =>
    snippet
      .split(/<mark>(.*?)<\/mark>/s)
      .map((text, number) => (number % 2 ? make("mark", {}, plain(text)) : plain(text)));

  const box = make("input", {
    type: "search",
    name: "q",
    maxlength: 200,
    placeholder,
    "aria-label": placeholder,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    enterkeyhint: "search",
  });
  const form = make(
    "form",
    { role: "search", action: `${base}/search` },
    box,
    ...filters.map(([name, value]) => make("input", { type: "hidden", name, value })),
  );
  const panel = make("div", { class: "panel", hidden: "" });
  const status = make("p", { class: "status", role: "status" });
  const host = make("div", { class: "helpcenter-search", lang: "zh-Hans" });
  const root = host.attachShadow({ mode: "open" });
  // A constructed sheet, since a page's policy may forbid inline styles.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host { display: block; position: relative; max-width: 40em; font-family: inherit; line-height: 1.6; }
    * { box-sizing: border-box; font: inherit; }
    input[type=search] { width: 100%; min-height: 44px; padding: 0 .8em; color: FieldText; background: Field; }
    input[type=search], .panel { border: 1px solid GrayText; border-radius: 8px; }
    :focus-visible { outline: 2px solid var(--helpcenter-accent, #0b6e6c); outline-offset: 1px; }
    .panel { position: absolute; z-index: 1000; inset: calc(100% + 4px) 0 auto; max-height: 70vh; overflow: auto; }
    .panel { color: CanvasText; background: Canvas; box-shadow: 0 6px 24px #0004; }
    .panel[hidden] { display: none; }
    ul { margin: 0; padding: 0; list-style: none; }
    a, .note { display: block; min-height: 44px; margin: 0; padding: .6em .8em; color: inherit; text-decoration: none; }
    a:focus, a:hover { background: color-mix(in srgb, var(--helpcenter-accent, #0b6e6c) 14%, Canvas); outline-offset: -2px; }
    b { font-weight: 600; }
    small { display: block; font-size: .875em; overflow-wrap: anywhere; }
    mark { color: inherit; background: color-mix(in srgb, var(--helpcenter-accent, #0b6e6c) 30%, Canvas); }
    .all { border-top: 1px solid GrayText; }
    .status { position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%); }
  `);
  root.adoptedStyleSheets = [sheet];
  root.append(form, panel, status);

  const close = () => {
    panel.hidden = true;
  };
  const show = (count, ...content) => {
    panel.replaceChildren(...content);
    panel.hidden = false;
    clearTimeout(resting);
    resting = setTimeout(() => {
      status.textContent = count;
    }, REST);
  };
  const link = (url, ...content) => make("a", { href: url }, ...content);
  const results = (answer, query) => {
    if (!answer.results.length)
      return show("没有找到", make("p", { class: "note" }, `没有找到“${query}”。换个说法试试。`));
    const grouped = Map.groupBy
      ? Map.groupBy(answer.results, (hit) => hit.article)
      : new Map(answer.results.map((hit) => [hit.article + hit.section, [hit]]));
    const items = [...grouped.values()].map(([first, ...more]) =>
      make(
        "li",
        {},
        link(
          base + first.url,
          make("b", {}, first.title),
          first.heading ? ` › ${first.heading}` : "",
          make("small", {}, ...marked(first.snippet)),
        ),
        ...more.map((hit) => link(base + hit.url, `› ${hit.heading || hit.title}`)),
      ),
    );
    const all = link(address("/search", [["q", query]]), `全部 ${answer.total} 条结果`);
    all.className = "all";
    show(`${answer.total} 条结果`, make("ul", {}, ...items), all);
  };

  let composing = false;
  let asked = "";
  let pending = 0;
  let resting = 0;
  let running = null;
  const ask = async () => {
    clearTimeout(pending);
    const query = box.value.trim();
    if (query === asked) return;
    asked = query;
    running?.abort();
    if (!query) return close();
    const { signal } = (running = new AbortController());
    try {
      const response = await fetch(
        address("/api/v1/search", [
          ["q", query],
          ["limit", limit],
        ]),
        { signal, credentials: "omit" },
      );
      if (!response.ok) throw new Error(response.status);
      const answer = await response.json();
      if (!signal.aborted) results(answer, query);
    } catch {
      if (signal.aborted) return;
      asked = "";
      show(
        "暂时搜不到",
        make("p", { class: "note" }, "暂时搜不到。"),
        link(address("/search", [["q", query]]), "到帮助中心里搜"),
      );
    }
  };

  // Half-typed pinyin is never sent; Enter that picks a candidate is no Enter. Safari ends the composition first: there the
  // key code tells.
  box.addEventListener("compositionstart", () => {
    composing = true;
    clearTimeout(pending);
  });
  box.addEventListener("compositionend", () => {
    composing = false;
    ask();
  });
  box.addEventListener("input", (event) => {
    if (composing || event.isComposing) return;
    clearTimeout(pending);
    pending = setTimeout(ask, PAUSE);
  });
  box.addEventListener("focus", () => {
    if (panel.childNodes.length && box.value.trim() === asked && asked) panel.hidden = false;
  });
  form.addEventListener("submit", (event) => {
    if (composing || !box.value.trim()) event.preventDefault();
  });
  root.addEventListener("keydown", (event) => {
    if (composing || event.isComposing || event.keyCode === 229) {
      if (event.key === "Enter") event.preventDefault();
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      const stops = [box, ...(panel.hidden ? [] : panel.querySelectorAll("a"))];
      const next = stops[stops.indexOf(root.activeElement) + step];
      if (!next) return;
      event.preventDefault();
      next.focus();
    } else if (event.key === "Escape" && !panel.hidden) {
      event.preventDefault();
      box.focus();
      close();
    }
  });
  document.addEventListener("click", (event) => {
    if (!event.composedPath().includes(host)) close();
  });
  host.addEventListener("focusout", (event) => {
    if (event.relatedTarget && event.relatedTarget !== host) close();
  });

  const place = () => {
    const into = target && document.querySelector(target);
    if (into) into.append(host);
    else if (script.closest("head")) document.body.append(host);
    else script.after(host);
  };
  if (document.readyState === "loading" && (target || script.closest("head")))
    document.addEventListener("DOMContentLoaded", place);
  else place();
})();
