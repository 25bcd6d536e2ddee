// What the browser does beside htmx: typing, history, keys, theme. article.js does what steps and articles need.
// In: the elements of templates/. Out: events for htmx, classes, nothing that a page needs to be readable.
// Why the request is not left to hx-trigger: its filters need eval, which the security policy forbids, and an input
// method needs care. Every listener sits on the document, so swapped parts need no set-up.
"use strict";
(() => {
  const root = document.documentElement;
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const on = (type, handler, options) => document.addEventListener(type, handler, options);
  const word = (name) => $(`[data-word="${name}"]`, $("#site-words").content).textContent;
  const store = {
    get(key, fallback) {
      try {
        return JSON.parse(localStorage.getItem(key)) ?? fallback;
      } catch {
        return fallback;
      }
    },
    set(key, value) {
      try {
        localStorage.setItem(key, JSON.stringify(value));
      } catch {
        /* private mode: forget */
      }
    },
  };
  const make = (tag, attributes, ...children) => {
    const element = Object.assign(document.createElement(tag), attributes);
    element.append(...children);
    return element;
  };
  // Once what was changed is on the screen: a frame begins, and what is queued in it runs after its paint.
  const painted = (then) => requestAnimationFrame(() => setTimeout(then));
  window.helpcenter = { $, $$, on, word, store, make, painted };

  // Theme: before the first paint, hence a script that blocks. No value means what the system says.
  const themes = ["auto", "light", "dark"];
  const usual = root.dataset.theme ?? "auto"; // the site's own choice
  const paint = (theme) =>
    theme === "auto" ? root.removeAttribute("data-theme") : root.setAttribute("data-theme", theme);
  root.classList.add("js");
  paint(store.get("theme", usual));
  const nameTheme = () => {
    const button = $(".theme");
    const theme = store.get("theme", usual);
    button.hidden = false;
    $("span", button).textContent = word(theme);
    button.setAttribute("aria-label", word("theme") + word(theme));
  };
  on("click", (event) => {
    if (!event.target.closest(".theme")) return;
    const next = themes[(themes.indexOf(store.get("theme", usual)) + 1) % themes.length];
    store.set("theme", next);
    paint(next);
    nameTheme();
  });
  // Text size, likewise before the first paint: a share of the usual size.
  const sizes = ["100", "125", "150", "200"];
  const scale = (size) => (size === "100" ? root.removeAttribute("data-size") : root.setAttribute("data-size", size));
  scale(store.get("size", "100"));
  const nameSize = () => {
    const button = $(".size");
    button.hidden = false;
    button.setAttribute("aria-label", `${word("size")}${store.get("size", "100")}%`);
  };
  on("click", (event) => {
    if (!event.target.closest(".size")) return;
    const next = sizes[(sizes.indexOf(store.get("size", "100")) + 1) % sizes.length];
    store.set("size", next);
    scale(next);
    nameSize();
  });
  on("click", (event) => {
    const link = event.target.closest("[data-language]");
    if (!link) return;
    document.cookie = `language=${link.dataset.language};path=/;max-age=31536000;samesite=lax`;
    const base = $("#search").getAttribute("action").slice(0, -"/search".length);
    const other = base.endsWith("/zh-hant") ? base.slice(0, -"/zh-hant".length) : `${base}/zh-hant`;
    link.href = other + location.href.slice(location.origin.length + base.length); // typing has moved on since
  });

  // Readers whose browser says Traditional are offered it at once; the answer is remembered.
  const offerTraditional = () => {
    const offer = $(".offer");
    if (
      !offer ||
      !/^zh-(TW|HK|MO|Hant)/i.test(navigator.language) ||
      document.cookie.includes("language=") ||
      store.get("offered", false)
    )
      return;
    offer.hidden = false;
  };
  on("click", (event) => {
    if (!event.target.closest(".offer button")) return;
    store.set("offered", true);
    $(".offer").hidden = true;
  });

  // Live search. One request for each settled value; none while an input method composes.
  const PAUSE = 20; // ms after a keystroke; a finished composition needs none
  const REST = 900; // ms after which typing counts as done: history entry, announcement, recent searches
  let composing = false;
  let asked = null; // the value of the last request
  let pending = 0;
  let resting = 0;
  let before = null; // the address before this burst of typing
  let chosen = null; // the filter just changed
  let atOnce = false; // Enter and filters do not wait for typing to rest
  let restoring = null; // Back's own request, which newer typing must overtake
  const box = () => $("#q");
  const isBox = (event) => event.target === box();
  const busy = (state) => $("#main").setAttribute("aria-busy", String(state));

  const ask = (force) => {
    clearTimeout(pending);
    if (!window.htmx) return; // still on its way over a slow line: DOMContentLoaded asks
    const value = box().value.trim();
    if (!force && value === asked) return;
    asked = value;
    before ??= location.href;
    restoring?.abort();
    hideRecent();
    htmx.trigger("#search", "settled");
    rest();
  };
  const rest = () => {
    clearTimeout(resting);
    resting = setTimeout(() => settle(false), REST);
  };
  // While typing the address is replaced; now the one before it gets its own entry back.
  const settle = (now) => {
    clearTimeout(resting);
    if (!now && $("#main").getAttribute("aria-busy") === "true") return rest();
    atOnce = false;
    if (before !== null && before !== location.href) {
      const address = location.href;
      history.replaceState({ htmx: true }, "", before);
      history.pushState({ htmx: true }, "", address);
      remember(box().value.trim());
    }
    before = null;
    if (now) rest();
    else announce();
  };
  const announce = () => {
    const count = $("#search-count");
    if (count) $("#search-announce").textContent = count.textContent;
  };
  const showAddress = () => {
    asked = new URLSearchParams(location.search).get("q") ?? "";
    if (!composing) box().value = asked;
  };

  on("compositionstart", (event) => {
    if (isBox(event)) {
      composing = true;
      clearTimeout(pending);
    }
  });
  on("compositionend", (event) => {
    if (isBox(event)) {
      composing = false;
      ask();
    }
  });
  on("input", (event) => {
    if (!isBox(event) || composing || event.isComposing) return;
    clearTimeout(pending);
    pending = setTimeout(ask, PAUSE);
    if (!box().value) showRecent();
  });
  on("change", (event) => {
    if (event.target.form?.id === "search" && event.target.type === "checkbox") {
      chosen = event.target;
      atOnce = true;
      ask(true);
    }
  });
  // The block with the filters is replaced; what was open in it stays open, and the keyboard where it was.
  const folds = () => $$(".filters, .more-choices");
  const nameOf = (fold) => fold.className + (fold.closest(".filter")?.getAttribute("aria-label") ?? "");
  let unfolded = [];
  // What lies below a phone's first screen is laid out a frame later: a quarter of the work until results are seen.
  // (`content-visibility: auto` held back nothing: to Chromium two and a half screens are near.)
  let atTop = true;
  on("htmx:beforeSwap", () => {
    atTop = scrollY === 0; // asked here, where nothing has to be laid out for it
  });
  on("htmx:afterSwap", ({ target }) => {
    if (target.id !== "main" || !atTop) return;
    target.classList.add("arriving");
    painted(() => target.classList.remove("arriving"));
  });
  on("htmx:beforeSwap", () => {
    unfolded = folds()
      .filter((fold) => fold.open)
      .map(nameOf);
  });
  const refocus = () => {
    folds().forEach((fold) => {
      fold.open ||= unfolded.includes(nameOf(fold));
    });
    if (!chosen) return;
    const { name, value } = chosen;
    $$(".choice input")
      .find((input) => input.name === name && input.value === value)
      ?.focus({ preventScroll: true });
    chosen = null;
  };
  // Enter that picks a candidate is no Enter. Safari ends the composition first: there the key code tells.
  const picksCandidate = (event) => composing || event.isComposing || event.keyCode === 229;
  on(
    "submit",
    (event) => {
      if (event.target.id !== "search") return;
      if (composing) {
        event.preventDefault();
        event.stopImmediatePropagation();
        return;
      }
      clearTimeout(pending);
      asked = box().value.trim();
      before ??= location.href;
      restoring?.abort();
      atOnce = true;
      hideRecent();
    },
    true,
  );

  // While typing the server answers without asking the model of meanings; Enter and filters may wait for it.
  on("htmx:configRequest", ({ detail }) => {
    if (detail.elt.id === "search" && !atOnce) detail.headers["HX-Typing"] = "true";
  });
  // A request overtaken by a newer one is no error; without this htmx reports it as one on the console.
  on("htmx:beforeSend", ({ detail }) => {
    const abort = detail.xhr.abort;
    detail.xhr.abort = function () {
      detail.error = "";
      abort.call(this);
    };
  });
  // Otherwise htmx first sends word of its end to every element it takes out: 6 of 50 ms until a result is seen.
  on("htmx:beforeSwap", ({ detail }) => {
    if (detail.shouldSwap && detail.target.id === "main") detail.target.replaceChildren();
  });
  on("htmx:beforeRequest", (event) => {
    if (event.detail.target?.id === "main") busy(true);
  });
  on("htmx:afterRequest", (event) => {
    if (event.detail.target?.id === "main" && event.detail.xhr.status !== 0) busy(false);
  });
  on("htmx:sendError", ({ detail }) => {
    busy(false);
    const sent = detail.target?.id === "feedback";
    $("#search-announce").textContent = word(sent ? "unsent" : "offline");
    if (!sent) return;
    $(".unsent", detail.target)?.remove();
    detail.target.append(make("p", { className: "unsent feedback-hint" }, word("unsent")));
  });
  on("htmx:replacedInHistory", () => {
    if (atOnce) settle(true);
  });
  on("htmx:pushedIntoHistory", () => {
    before = null;
    showAddress();
    rest();
  });
  on("htmx:historyCacheMiss", (event) => {
    restoring = event.detail.xhr;
  });
  on("htmx:historyRestore", () => {
    restoring = null;
    showAddress();
  });
  addEventListener("popstate", () => {
    clearTimeout(pending);
    clearTimeout(resting);
    before = null;
    window.htmx?.trigger("#search", "htmx:abort");
    busy(false);
    showAddress();
  });
  addEventListener("pagehide", () => {
    if (before !== null) settle(true);
  });
  on(
    "click",
    (event) => {
      if (before !== null && event.target.closest("#main a")) settle(true);
    },
    true,
  );

  // Keys: / to the box, arrows through the hits, Escape back.
  on("keydown", (event) => {
    if (picksCandidate(event)) {
      if (isBox(event) && ["Enter", "Escape"].includes(event.key)) event.preventDefault();
      return;
    }
    const typing = event.target.matches("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      box().focus();
      box().select();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const stops = [
        box(),
        ...($("#search-recent").hidden
          ? $$(".hit").filter((hit) => !hit.closest("details:not([open])"))
          : $$("#search-recent a")),
      ];
      const here = stops.indexOf(event.target);
      const next = stops[here + (event.key === "ArrowDown" ? 1 : -1)];
      if (here < 0 || !next) return;
      event.preventDefault();
      next.focus();
    } else if (event.key === "Escape") {
      if (event.target.closest(".hit, #search-recent")) box().focus();
      else if (isBox(event)) {
        event.preventDefault();
        if (!$("#search-recent").hidden) hideRecent();
        else if (box().value) {
          box().value = "";
          ask();
        } else box().blur();
      }
    }
  });

  // Recent searches, on this device only.
  const MOST = 6;
  const remember = (query) => {
    if (query.length < 2) return;
    store.set("recent", [query, ...store.get("recent", []).filter((old) => old !== query)].slice(0, MOST));
  };
  const showRecent = () => {
    const queries = store.get("recent", []);
    const panel = $("#search-recent");
    if (box().value || !queries.length) return hideRecent();
    panel.replaceChildren(
      make("p", {}, word("recent")),
      make(
        "ul",
        {},
        ...queries.map((query) => {
          const remove = make("button", { type: "button", className: "forget" }, "×");
          remove.dataset.query = query;
          remove.setAttribute("aria-label", `${word("remove")} ${query}`);
          return make(
            "li",
            {},
            make("a", { href: `${$("#search").getAttribute("action")}?q=${encodeURIComponent(query)}` }, query),
            remove,
          );
        }),
      ),
      make("button", { type: "button", className: "forget" }, word("clear")),
    );
    panel.hidden = false;
  };
  const hideRecent = () => {
    $("#search-recent").hidden = true;
    $("#search-recent").replaceChildren();
  };
  on("focusin", (event) => {
    if (isBox(event)) showRecent();
    else if (!event.target.closest("#search-recent")) hideRecent();
  });
  on("click", (event) => {
    const forget = event.target.closest(".forget");
    if (forget) {
      store.set(
        "recent",
        forget.dataset.query ? store.get("recent", []).filter((old) => old !== forget.dataset.query) : [],
      );
      showRecent();
      box().focus();
    } else if (!event.target.closest("#search")) hideRecent();
  });

  // A hit unfolds in place; a second press folds it. Called from here and not by attributes: htmx takes half a
  // millisecond to prepare each element that has some, and a page of results has ten.
  const fold = (link, open) => {
    link.setAttribute("aria-expanded", String(open));
    const label = $("span", link);
    link.dataset.label ??= label.textContent;
    label.textContent = open ? word("fold") : link.dataset.label;
    link.nextElementSibling.hidden = !open;
  };
  on("click", (event) => {
    const link = event.target.closest(".unfold");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.nextElementSibling) return fold(link, link.getAttribute("aria-expanded") !== "true");
    link.after(make("div", { className: "unfolded", hidden: true }));
    const place = link.nextElementSibling;
    htmx.ajax("GET", link.getAttribute("href"), { source: place, target: place, swap: "innerHTML" }).then(
      () => {
        if (!place.hasChildNodes()) return place.remove(); // offline: the next press asks again
        fold(link, true);
        place.dispatchEvent(new Event("unfolded", { bubbles: true }));
      },
      () => place.remove(),
    );
  });
  on("htmx:afterSwap", (event) => {
    if (event.target.id === "main") {
      refocus();
      rest();
    }
  });

  on("DOMContentLoaded", () => {
    asked = box().defaultValue.trim();
    if (!composing) pending = setTimeout(ask); // what was typed before htmx was there, once it listens
    nameTheme();
    nameSize();
    offerTraditional();
  });
})();
