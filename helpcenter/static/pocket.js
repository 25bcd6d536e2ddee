// Pages out of the saved copy, shown in the frame that templates/shell.html makes. In: the address, the saved files. Out:
// the same main blocks that the server sends; lists of results and guides are made here of the same elements.
"use strict";
(async () => {
  const { $, $$, on, make } = window.helpcenter;
  const root = document.documentElement;
  const main = $("#main");
  root.dataset.pocket = "";
  const base = $("#search").getAttribute("action").replace(/\/search$/, "");
  const mirror = base.endsWith("/zh-hant");
  const mount = base.replace(/\/zh-hant$/, "");
  const inline = $("script[type='application/json'][data-pack]"); // the single file brings its pack along
  const files = inline ? JSON.parse(inline.textContent) : null;
  const kept = async () => {
    if (files) return { names: Object.keys(files), day: files.day, built: files.built };
    // Plain files on a web host have no saved copy: there the list itself says what there is.
    const found = window.caches && (await (await caches.open("hc-pointer")).match(`${mount}/offline/pointer`));
    if (!found) {
      const list = await (await fetch(`${mount}/offline.json`)).json();
      return { names: list.files.map((one) => one.url), built: list.built };
    }
    const record = await found.json();
    return { names: Object.keys(record.files), day: record.day, built: record.built };
  };
  const read = async (name) => (files ? files[name] : (await fetch(mount + name)).json());
  const copy = await kept();
  const core = await read(copy.names.find((name) => name.includes("/core-")));
  const bundles = copy.names.filter((name) => name.startsWith("/offline/") && name.endsWith(".json") && !name.includes("/core-"));
  let pages = null;
  const allPages = async () => (pages ??= Object.assign({}, core.pages, ...(await Promise.all(bundles.map(read)))));

  // Simplified into Traditional: words of this content first, then characters.
  const [words, rightWords, characters, rightCharacters] = core.traditional;
  const wordTable = new Map(words.map((word, at) => [word, rightWords[at]]));
  const characterTable = new Map(characters.map((c, at) => [c, rightCharacters[at]]));
  const longest = Math.max(1, ...words.map((word) => word.length));
  const turned = (text) => {
    if (!mirror) return text;
    let out = "";
    for (let at = 0; at < text.length; ) {
      let size = Math.min(longest, text.length - at);
      while (size > 1 && !wordTable.has(text.slice(at, at + size))) size--;
      const piece = text.slice(at, at + size);
      out += size > 1 ? wordTable.get(piece) : characterTable.get(piece) ?? piece;
      at += size;
    }
    return out;
  };
  const turn = (within) => {
    if (!mirror) return;
    const walker = document.createTreeWalker(within, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) if (!walker.currentNode.parentElement.closest("code, pre, kbd, samp, [translate=no]")) walker.currentNode.data = turned(walker.currentNode.data);
    for (const link of $$("a[href^='/']", within)) link.setAttribute("href", base + link.getAttribute("href").slice(mount.length));
  };
  const element = (html) => { const box = document.createElement("template"); box.innerHTML = html; return box.content; };
  let wanted = ""; // the anchor of the page that is shown
  const note = () => !copy.day && !files ? document.createDocumentFragment() : make("aside", { className: "callout callout-note" }, make("p", {}, turned(`现在没有网络。这是 ${copy.day ?? copy.built} 存下的副本（内容更新到 ${copy.built}），评价等要等有网络时再提交。`)));
  const show = (title, content) => {
    document.title = turned(title);
    const fresh = document.createDocumentFragment();
    fresh.append(content);
    turn(fresh);
    main.replaceChildren(note(), fresh);
    $$("form[action*='/feedback'], .feedback", main).forEach((form) => form.remove());
    document.dispatchEvent(new CustomEvent("htmx:load", { detail: { elt: main } }));
    main.dispatchEvent(new Event("unfolded", { bubbles: true }));
    const anchor = decodeURIComponent(wanted.replace(/^#+/, ""));
    const target = anchor && document.getElementById(anchor);
    if (target) target.scrollIntoView();
    else scrollTo(0, 0);
  };
  const missing = () => show("没有存下这一页", element('<div class="wrap nothing"><h1>副本里没有这一页</h1><p>它可能是后来加的。有网络时再打开，或者换个说法搜一搜。</p></div>'));

  const BLOCKS = new Set("P LI TR TD TH DD DT PRE DIV UL OL TABLE BLOCKQUOTE ASIDE BR".split(" "));
  const textOf = (node) => {
    let text = "";
    const walk = (one) => {
      if (one.nodeType === Node.TEXT_NODE) text += one.data;
      one.childNodes.forEach(walk);
      if (BLOCKS.has(one.nodeName)) text += "\n";
    };
    if (node) walk(node);
    return text.replace(/\s*\n\s*/g, "\n").trim();
  };
  // Search: sections out of the saved articles' own markup.
  let engine = null;
  const open = async () => {
    if (engine) return engine;
    const all = await allPages();
    const sections = [];
    for (const article of core.articles) {
      const url = `/articles/${article.id.split("/").map(encodeURIComponent).join("/")}`;
      const page = all[url];
      if (!page) continue; // its topic was not saved
      const whole = element(page.main);
      const parts = [...whole.querySelectorAll("section.part")];
      article.sections.forEach((section, at) => {
        const part = parts.find((one) => (one.id || "") === section.anchor);
        const facts = section.anchor ? null : whole.querySelector(".facts .prose"); // 适合、用时、备好 stand apart on the page
        if (part) $$(":scope > h2, :scope > h3, :scope > h4", part).forEach((heading) => heading.remove());
        const body = [section.anchor ? "" : article.summary, ...[facts, part].map(textOf)].filter(Boolean).join("\n");
        const applies = section.anchor ? [] : Object.values(article.filters).flat();
        sections.push({ article, url, anchor: section.anchor, title: article.title, heading: section.heading, aliases: [...new Set([...article.aliases, ...applies])].join("\n"), asks: section.asks.join("\n"), body });
      });
    }
    engine = { sections, ...window.pocketSearch.make(core, sections) };
    return engine;
  };
  const marked = (section, marks, fold) => {
    const text = section.body.replace(/\s+/g, " ");
    const low = fold(text);
    const spans = [];
    for (const mark of marks) for (let at = low.indexOf(mark); at >= 0; at = low.indexOf(mark, at + mark.length)) spans.push([at, at + mark.length]);
    spans.sort((one, other) => one[0] - other[0]);
    const begin = spans.length ? Math.max(0, Math.max(...["。", "！", "？"].map((stop) => low.lastIndexOf(stop, spans[0][0]))) + 1, spans[0][0] - 40) : 0;
    const end = Math.min(text.length, begin + 96);
    const line = make("p", {}, begin ? "…" : "");
    let at = begin;
    for (const [left, right] of spans) {
      if (left < at || right > end) continue;
      line.append(text.slice(at, left), make("mark", {}, text.slice(left, right)));
      at = right;
    }
    line.append(text.slice(at, end), end < text.length ? "…" : "");
    return line;
  };
  const WHY = { pinyin: "拼音匹配", similar: "相近写法" };
  const card = (group, marks, fold) => {
    const [first, ...rest] = group;
    const topic = core.topics.find((one) => one.id === first.section.article.topic)?.title ?? "";
    const address = (section) => base + section.url + (section.anchor ? `#${encodeURIComponent(section.anchor)}` : "");
    const link = (section, label) => make("a", { className: "hit", href: address(section) }, label);
    const step = make("div", { className: "step" }, link(first.section, first.section.heading || first.section.title));
    if (WHY[first.matched]) step.append(make("span", { className: "why" }, WHY[first.matched]));
    step.append(marked(first.section, marks, fold));
    const item = make("li", { className: "card" }, make("h2", {}, make("a", { href: base + first.section.url }, first.section.title)), make("p", { className: "where" }, topic), step);
    if (rest.length) item.append(make("ul", { className: "near" }, ...rest.slice(0, 3).map((hit) => make("li", {}, link(hit.section, hit.section.heading || hit.section.title)))));
    return item;
  };
  const results = async (parameters) => {
    const { search, sections, fold } = await open();
    const query = (parameters.get("q") ?? "").slice(0, 200);
    const names = Object.keys(core.filters);
    const chosen = Object.fromEntries(names.map((name) => [name, parameters.getAll(name)]));
    const values = (section, name) => (name === "topic" ? [section.article.topic] : section.article.filters[name] ?? []);
    const fits = (number, but) => names.every((name) => name === but || !chosen[name].length || values(sections[number], name).some((value) => chosen[name].includes(value)));
    const answer = query.trim() ? search(query, () => true) : { hits: sections.map((_, number) => ({ number, complete: true, matched: "words" })), marks: [], suggestion: null };
    const groups = new Map();
    for (const hit of answer.hits.filter((one) => fits(one.number))) {
      const section = sections[hit.number];
      (groups.get(section.article.id) ?? groups.set(section.article.id, []).get(section.article.id)).push({ ...hit, section });
    }
    const page = Math.max(1, Number.parseInt(parameters.get("page") ?? "1", 10) || 1);
    const shown = [...groups.values()].slice((page - 1) * 8, page * 8);
    const list = make("ol", { className: "cards", id: "results" });
    let divided = false;
    shown.forEach((group, at) => {
      if (at && !divided && query && !group[0].complete && shown[0][0].complete) {
        divided = true;
        list.append(make("li", { className: "divider" }, "以下只含部分字词"));
      }
      list.append(card(group, answer.marks, fold));
    });
    const found = make("div", { className: "found" }, make("div", { className: "summary" }, make("p", { id: "search-count" }, shown.length ? `找到 ${groups.size} 篇文章` : "没有找到")));
    if (answer.suggestion) found.append(make("p", { className: "suggestion" }, "您是不是要找 ", make("a", { href: `${base}/search?q=${encodeURIComponent(answer.suggestion)}` }, answer.suggestion)));
    const low = fold(query).trim();
    for (const [id, guide] of Object.entries(core.guides)) {
      if (low && [guide.title, ...guide.aliases].some((name) => fold(name).includes(low) || (low.includes(fold(name)) && name.length > 1)))
        found.append(make("p", { className: "guide-hit" }, make("a", { className: "hit", href: `${base}/guides/${id}` }, make("span", { className: "tag" }, "向导"), make("b", {}, guide.title)), " ", make("span", { className: "about" }, guide.summary)));
    }
    const filters = make("details", { className: "filters" }, make("summary", {}, make("span", {}, "筛选")));
    const sheet = make("div", { className: "filter-sheet" });
    for (const name of names) {
      const counts = new Map();
      for (const hit of answer.hits.filter((one) => fits(one.number, name))) for (const value of values(sections[hit.number], name)) counts.set(value, (counts.get(value) ?? new Set()).add(sections[hit.number].article.id));
      if (counts.size < 2 && !chosen[name].length) continue;
      const group = make("div", { className: "filter" }, make("span", { className: "filter-name" }, core.filters[name]));
      [...counts].sort((one, other) => other[1].size - one[1].size).slice(0, 12).forEach(([value, articles]) => {
        const box = make("input", { type: "checkbox", name, value, checked: chosen[name].includes(value) });
        box.setAttribute("form", "search");
        const label = name === "topic" ? core.topics.find((one) => one.id === value)?.title ?? value : value;
        group.append(make("label", { className: "choice" }, box, make("span", {}, `${label} `, make("b", {}, String(articles.size)))));
      });
      sheet.append(group);
    }
    filters.append(sheet);
    if (shown.length) found.append(list);
    else found.append(make("div", { className: "nothing" }, make("h2", {}, "换个说法试试"), make("p", {}, "词少一点、短一点；也可以打拼音。")));
    if (groups.size > page * 8) {
      const more = new URLSearchParams(parameters);
      more.set("page", String(page + 1));
      found.append(make("nav", { className: "pager" }, make("span", {}), make("span", {}, `第 ${page} 页，共 ${Math.ceil(groups.size / 8)} 页`), make("a", { href: `${base}/search?${more}` }, "下一页")));
    }
    const wrap = make("div", { className: "wrap results" }, filters, found);
    show(query ? `${query} 的搜索结果` : "搜索", wrap);
    const box = $("#q");
    if (document.activeElement !== box) box.value = query;
  };

  const guide = (id, answers) => {
    const found = core.guides[id];
    let at = found?.start;
    for (const answer of answers) at = found?.questions[at]?.options.find((one) => one.answer === answer)?.to;
    const state = { question: found?.questions[at], outcome: found?.outcomes[at] };
    if (!state.question && !state.outcome) return missing();
    const step = (place) => {
      const [article, anchor] = place.split("#");
      const known = core.articles.find((one) => one.id === article);
      const heading = known?.sections.find((one) => one.anchor === (anchor ?? ""))?.heading || known?.title;
      return make("li", {}, make("a", { href: `${base}/articles/${article}${anchor ? `#${encodeURIComponent(anchor)}` : ""}` }, heading ?? place));
    };
    const here = `${base}/guides/${[id, ...answers].map(encodeURIComponent).join("/")}`;
    const page = make("div", { className: "wrap guide-page" }, make("p", { className: "guide-name" }, found.title));
    if (state.question) {
      page.append(make("h1", {}, state.question.ask), make("p", { className: "lead" }, state.question.hint ?? ""));
      page.append(make("ul", { className: "guide-options" }, ...state.question.options.map((one) => make("li", {}, make("a", { href: `${here}/${encodeURIComponent(one.answer)}` }, one.label)))));
    } else {
      page.append(make("h1", {}, state.outcome.title), make("p", { className: "lead" }, state.outcome.intro ?? ""));
      page.append(make("ol", { className: "steps guide-steps prose" }, ...state.outcome.steps.map(step)));
    }
    if (answers.length) page.append(make("p", { className: "actions" }, make("a", { href: here.slice(0, here.lastIndexOf("/")) }, "上一问"), make("a", { href: `${base}/guides/${id}` }, "从头再来")));
    show(found.title, page);
  };

  const go = async (address) => {
    const url = new URL(address);
    const path = url.pathname.slice(base.length).replace(/\/+$/, "") || "/";
    wanted = url.hash;
    if (path === "/search") return results(url.searchParams);
    const [, kind, id, ...answers] = path.split("/").map(decodeURIComponent);
    if (kind === "guides" && id) return guide(id, answers);
    const all = await allPages();
    const found = all[path] ?? all[path.replace(/\/sections\/[^/]*$/, "")];
    return found ? show(element(`<p>${found.title}</p>`).textContent, element(mount ? found.main.replaceAll('="/', `="${mount}/`) : found.main)) : missing();
  };
  const here = () => (files ? new URL(location.hash.startsWith("#/") ? location.hash.slice(1) : "/", "http://pocket") : location.href);
  // Typing filters live, as online; an input method's half-typed letters are never searched.
  let composing = false, pending = 0;
  const typed = () => {
    clearTimeout(pending);
    pending = setTimeout(() => {
      const address = `${base}/search?${new URLSearchParams([["q", $("#q").value], ...$$(".filters input:checked").map((box) => [box.name, box.value])])}`;
      if (!files) history.replaceState({}, "", address);
      go(new URL(address, files ? "http://pocket" : location.href));
    }, 60);
  };
  on("compositionstart", () => { composing = true; });
  on("compositionend", () => { composing = false; typed(); });
  addEventListener("input", (event) => { if (event.target.id === "q") { event.stopImmediatePropagation(); if (!composing && !event.isComposing) typed(); } }, true);
  addEventListener("change", (event) => { if (event.target.matches(".filters input")) { event.stopImmediatePropagation(); typed(); } }, true);
  addEventListener("submit", (event) => { if (event.target.id === "search") { event.preventDefault(); event.stopImmediatePropagation(); typed(); } }, true);
  if (files) {
    addEventListener("click", (event) => {
      const link = event.target.closest("a[href^='/']");
      if (!link) return;
      event.preventDefault();
      location.hash = link.getAttribute("href").replace("#", "##");
    });
    addEventListener("hashchange", () => { if (location.hash.startsWith("#/")) go(here()); });
  }
  window.pocket = { open, go };
  await go(here());
  root.dataset.pocket = "ready";
})();
