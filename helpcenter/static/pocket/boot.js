// The saved copy on the screen: routes of the site, rendered from the saved files in the frame of templates/shell.html.
// In: the address, the copy. Out: `#main`, and what app.js asks of htmx, answered here: typing, history and focus are then the
// same as online.
"use strict";
globalThis.document?.querySelector("#pocket") &&
  (async () => {
    const { $, $$, on, make, painted } = window.helpcenter;
    const root = document.documentElement;
    const main = $("#main");
    root.dataset.pocket = "";
    const mount = $("#search")
      .getAttribute("action")
      .replace(/\/search$/, "");
    const copy = await pocket.openCopy(mount);
    const mirror = copy.inline ? root.lang === "zh-Hant" : location.pathname.startsWith(`${mount}/zh-hant`);
    const base = mirror && !copy.inline ? `${mount}/zh-hant` : mount;
    const early = copy
      .index()
      .then((bytes) => bytes && pocket.decode(bytes))
      .catch(() => null); // cut by a browser that ended
    const { core, articles, sections, topics } = await pocket.readCopy(copy);
    core.assets = { "icons.svg": copy.inline ? "" : core.icons };
    const today = pocket.today();
    const { turned, turn } = mirror ? pocket.traditional(core.traditional) : { turned: (text) => text, turn: () => {} };
    const render = pocket.renderer(core.templates);
    const pages = pocket.pagesOf({ core, articles, topics, root: base, mount, today });
    const all = articles.size === core.order.length;
    const partly = all ? "" : `只搜了存下的主题：${copy.topics.map((id) => topics.get(id)?.title ?? id).join("、")}。`;

    const decoded = (text) => {
      try {
        return decodeURIComponent(text);
      } catch {
        return text; // an address that somebody broke
      }
    };
    // The frame is saved in Simplified only.
    if (mirror) {
      root.lang = "zh-Hant";
      $("#search").setAttribute("action", `${base}/search`);
      $$("a[href^='/']").forEach((link) =>
        link.setAttribute("href", base + link.getAttribute("href").slice(mount.length)),
      );
      turn(document.body);
      turn($("#site-words").content);
      turn($("#offline-words")?.content ?? main);
      $$("[data-language]").forEach((link) => {
        link.dataset.language = link.lang = link.hreflang = "zh-Hans";
        $("span", link).textContent = link.matches(".tool") ? "简体" : "简体中文";
      });
    }

    const SCREEN = 3; // cards that fill a phone's screen
    let opened = null;
    const open = () =>
      (opened ??= early.then(async (kept) => {
        const engine = pocket.openIndex(core, kept ?? (await pocket.build(core, sections)), sections);
        const results = pocket.resultsOf({ core, sections, articles, topics, engine, pages, root: base, partly });
        return { engine, results };
      }));
    const search = async (parameters) => (await open()).results(parameters);
    const fragment = (html) => {
      const box = document.createElement("template");
      box.innerHTML = html;
      return box.content;
    };
    const say = (day) => day.replace(/^(\d+)-0?(\d+)-0?(\d+)$/, "$1 年 $2 月 $3 日");
    const note = () => {
      const words = copy.inline
        ? `这是 ${say(copy.built)}的内容。`
        : copy.day
          ? `网站暂时打不开。这是 ${say(copy.day)}存下的副本${
              copy.built === copy.day ? "" : `（内容更新到 ${say(copy.built)}）`
            }；评价要等有网络时再提交。`
          : "";
      return words
        ? fragment(`<aside class="callout callout-note saved" role="note"><p class="wrap">${words}</p></aside>`)
        : fragment("");
    };
    const show = (html, hash) => {
      const fresh = document.createDocumentFragment();
      fresh.append(note(), fragment(html));
      turn(fresh);
      main.dispatchEvent(
        new CustomEvent("htmx:beforeSwap", { bubbles: true, detail: { target: main, shouldSwap: true } }),
      );
      main.replaceChildren(fresh);
      main.dispatchEvent(new CustomEvent("htmx:afterSwap", { bubbles: true, detail: { target: main } }));
      if (hash === undefined) return;
      const target = hash && document.getElementById(decoded(hash));
      if (target) target.scrollIntoView();
      else scrollTo(0, 0);
    };
    const missing = () => ({
      title: "副本里没有这一页",
      html: '<div class="wrap nothing"><h1>副本里没有这一页</h1><p>它可能是后来加的，或者它的主题没有存。有网络时再打开，或者换个说法搜一搜。</p></div>',
    });
    const made = (page) => page && { title: page.title, html: render(page.template, page.page) };
    const page = async (path, parameters) => {
      if (path === "/search") return made(await search(parameters));
      const [, kind, ...parts] = path.split("/").map(decoded);
      if (core.pages[path])
        return {
          title: pocket.plain(core.pages[path].title),
          html: pages.local(core.pages[path].main.replaceAll('href="/"', `href="${base}/"`)).text,
        };
      const at = parts.lastIndexOf("sections");
      if (kind === "articles") {
        const id = (at > 0 ? parts.slice(0, at) : parts).join("/");
        return made(pages.article(articles.has(id) ? id : core.moved[id]?.split("#")[0]));
      }
      if (kind === "topics") return made(pages.topic(parts.join("/")));
      return kind === "guides" ? made(pages.guide(parts[0], parts.slice(1))) : null;
    };
    let onScreen = "",
      turnOf = 0;
    const go = async (address, hash) => {
      turnOf++;
      const url = new URL(address, location.href);
      onScreen = url.pathname + url.search;
      const path = url.pathname.slice(copy.inline ? 0 : base.length).replace(/(\/index\.html)?\/*$/, "") || "/";
      const { title, html } = (await page(path, url.searchParams)) ?? missing();
      document.title = turned(title);
      show(html, hash || (path.split("/sections/")[1] ?? ""));
      if (path !== "/search") return;
      const box = $("#q");
      if (document.activeElement !== box) box.value = url.searchParams.get("q") ?? "";
    };
    const here = () =>
      copy.inline
        ? new URL(location.hash.startsWith("#/") ? location.hash.slice(1) : "/", "http://pocket")
        : new URL(location.href);

    // What app.js asks of htmx.
    const ask = async () => {
      const asked = new URLSearchParams(
        [["q", $("#q").value.trim()], ...$$(".filters input:checked").map((box) => [box.name, box.value])].filter(
          ([, value]) => value,
        ),
      );
      const address = `${base}/search${[...asked].length ? `?${asked}` : ""}`;
      const own = ++turnOf;
      const found = await search(asked);
      if (own !== turnOf) return; // overtaken by newer typing
      const { template, page } = found;
      // First what a phone's screen shows. What is folded or below follows once that is seen, with what the browser is told
      // of the page: the filters' sheet and the pager alone were 4 of 18 ms of drawing at 4× CPU.
      const late = page.cards.length > SCREEN;
      const folded = !$(".filter-sheet")?.checkVisibility?.();
      const below = late && { cards: page.cards.slice(0, SCREEN), did: "", previous_url: "", next_url: "" };
      const names = folded && late && { filters: page.filters.map((one) => ({ ...one, choices: [], more: [] })) };
      show(render(template, { ...page, ...below, ...names }));
      painted(() => {
        if (own !== turnOf) return;
        if (late) {
          const whole = fragment(render(template, page));
          turn(whole);
          if (folded) $(".filter-sheet")?.replaceWith($(".filter-sheet", whole));
          const [list, all] = [$("#results"), $("#results", whole)];
          list.append(...[...all.children].slice(list.children.length));
          while (all.nextSibling) list.parentElement.append(all.nextSibling);
        }
        document.title = turned(found.title);
        history.replaceState({}, "", (copy.inline ? "#" : "") + address);
        onScreen = here().pathname + here().search;
      });
    };
    const unfold = (path) => {
      const [id, anchor] = path.split("/sections/").map(decodeURIComponent);
      const article = articles.get(id);
      const section = article?.sections.find(
        (one) => one.anchor === anchor || (anchor === pages.sectionTop && !one.anchor),
      );
      return section
        ? render("_section.html", {
            section: { place: `${id}#${section.anchor}`, html: pages.local(section.html) },
            article_url: base + section.url,
          })
        : "";
    };
    window.htmx = {
      trigger: (_, name) => name === "settled" && ask(),
      ajax: async (_, address, { target }) => {
        const fresh = fragment(unfold(new URL(address, "http://pocket").pathname.slice(`${base}/articles/`.length)));
        turn(fresh);
        target.replaceChildren(fresh);
      },
    };
    on("submit", (event) => {
      if (event.target.id === "search") {
        event.preventDefault();
        ask();
      }
    });
    on("click", (event) => {
      if (event.target.closest(".apply")) {
        event.preventDefault();
        ask();
      }
    });
    if (copy.inline) {
      on("click", (event) => {
        const link = event.target.closest("a[href^='/']");
        if (!link || event.defaultPrevented) return;
        event.preventDefault();
        location.hash = link.getAttribute("href").replace("#", "##");
      });
      // A place within the page is part of its address, for a reload.
      addEventListener("hashchange", ({ oldURL }) => {
        if (/^#[^/]/.test(location.hash)) {
          const page = new URL(oldURL).hash.split("##")[0] || "#/";
          history.replaceState({}, "", `${page}#${location.hash}`);
        } else go(here(), here().hash.replace(/^#+/, ""));
      });
    } else
      addEventListener("popstate", () => {
        if (here().pathname + here().search !== onScreen) go(here(), here().hash.replace(/^#+/, "")); // a search that was typed
      });
    addEventListener("online", () => {
      const line = $(".saved p");
      if (line) line.append(" ", make("a", { href: location.href }, turned("网络恢复了，看最新的一页")));
    });
    pocket.found = async (query) => {
      // for whoever measures
      const { engine } = await open();
      return engine
        .search(query)
        .hits.slice(0, 100)
        .map(({ number }) => sections[number].article.id + (sections[number].anchor && `#${sections[number].anchor}`));
    };
    await go(here(), here().hash.replace(/^#+/, ""));
    root.dataset.pocket = "ready";
    document.dispatchEvent(new Event("pocket:ready"));
    // What a first search would wait for, while the reader reads: the index is opened, then searches of each kind are
    // rehearsed, since a browser compiles what it has run: 150 ms became 75 at 4× CPU.
    const idle = window.requestIdleCallback ?? setTimeout;
    const rehearse = async ([query, ...others]) => {
      const { template, page } = await search(new URLSearchParams({ q: query }));
      fragment(render(template, page));
      if (others.length) idle(() => rehearse(others));
    };
    const titles = [...articles.values()].slice(0, 2).map(({ title }) => title);
    idle(() => rehearse([...titles, ...titles.map((title) => [...title].reverse().join("")), "zenmeban"]));
  })().catch((error) => {
    console.error(error);
    document
      .querySelector("#pocket")
      ?.replaceChildren(
        error.cause === "browser" ? error.message : "存下的副本打不开了。有网络时请打开本站，删掉副本再存一次。",
      );
  });
