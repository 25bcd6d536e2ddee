// Comforts of articles, guides and steps anywhere: ticks that this device remembers, links to copy, reading aloud.
// In: the elements of templates/, helpers of app.js. Out: nothing that a page needs to be readable.
// Why a tick is kept by its section and the step's own words: a step inserted above must never show as done.
"use strict";
(() => {
  const { $, $$, on, word, store, make } = window.helpcenter;

  // Ticks. Kept: { "article#section": [hash of each step done] }.
  const hash = (text) => {
    let value = 0x811c9dc5; // FNV-1a
    for (const letter of text.replace(/\s+/g, "")) value = Math.imul(value ^ letter.codePointAt(0), 0x01000193);
    return (value >>> 0).toString(36);
  };
  const words = (step) => ($(":scope > details > summary", step) ?? step).textContent.trim();
  const place = (step) => step.closest("[data-ticks]")?.dataset.ticks;
  const dressSteps = (within) => {
    const done = store.get("ticks", {});
    $$("ol.steps > li", within).forEach((step) => {
      if (step.closest(".ahead") || $(":scope > .tick", step)) return;
      const own = words(step);
      const tick = make("input", { type: "checkbox", className: "tick" });
      tick.dataset.key = hash(own);
      tick.checked = Boolean(done[place(step)]?.includes(tick.dataset.key));
      tick.setAttribute("aria-label", `${word("done")}：${own.slice(0, 30)}`);
      if (step.id) {
        const link = make("a", { className: "anchor", href: `#${step.id}` }, "#");
        link.setAttribute("aria-label", word("copyStep"));
        step.append(link);
      }
      step.prepend(tick);
    });
  };
  const counted = () => $$(".guide-steps > li > .tick, .article .body .tick");
  const showProgress = (touched) => {
    const line = $(".progress");
    const ticks = counted();
    if (!line || !ticks.length) return;
    const done = ticks.filter((tick) => tick.checked).length;
    $("span", line).textContent = `${done}/${ticks.length} ${word("steps")}`;
    $(".reset", line).hidden = !done;
    if (!touched) return;
    const here = { path: location.pathname, title: $("h1").textContent, done, total: ticks.length };
    if (done && done < ticks.length) store.set("last", here);
    else if (store.get("last", null)?.path === here.path) store.set("last", null);
  };
  const keep = (tick) => {
    const all = store.get("ticks", {});
    const step = tick.closest("li");
    const others = (all[place(step)] ?? []).filter((key) => key !== tick.dataset.key);
    all[place(step)] = tick.checked ? [...others, tick.dataset.key] : others;
    if (!all[place(step)].length) delete all[place(step)];
    store.set("ticks", all);
  };
  on("change", (event) => {
    if (!event.target.matches(".tick")) return;
    keep(event.target);
    showProgress(true);
  });
  // The whole row is a target, but for what is a target itself, and not while words are being selected.
  on("click", (event) => {
    if (event.target.closest(".reset")) {
      counted()
        .filter((tick) => tick.checked)
        .forEach((tick) => {
          tick.checked = false;
          keep(tick);
        });
      return showProgress(true);
    }
    const row = event.target.closest("ol.steps > li");
    const own = event.target.closest("a, button, input, textarea, summary, label, pre, details");
    if (!row || (own && row.contains(own)) || !getSelection().isCollapsed) return;
    $(":scope > .tick", row)?.click();
  });
  const showResume = () => {
    const line = $(".home .resume");
    const last = store.get("last", null);
    if (!line || !last) return;
    const link = make(
      "a",
      { href: last.path },
      make("b", {}, word("resume")),
      make("span", {}, last.title),
      make("span", { className: "number" }, `${last.done}/${last.total}`),
    );
    line.replaceChildren(link);
    line.hidden = false;
  };

  // Reading aloud, with a Chinese voice of the device; without one there is no button. Voices arrive late.
  const speech = window.speechSynthesis;
  const voice = () => {
    const wanted = document.documentElement.lang === "zh-Hant" ? /^zh.(TW|HK|Hant)/i : /^zh.(CN|SG|Hans)/i;
    const voices = (speech?.getVoices() ?? []).filter((one) => /^(zh|cmn|yue)/i.test(one.lang));
    const rank = (one) => (wanted.test(one.lang) ? 2 : 0) + (one.localService ? 1 : 0);
    return voices.sort((one, other) => rank(other) - rank(one))[0];
  };
  const label = (button, name) => {
    $("span", button).textContent = word(name);
  };
  const showRead = () => {
    const button = $(".read");
    if (button) button.hidden = !voice();
    showProgress(false);
  };
  speech?.addEventListener?.("voiceschanged", showRead);
  const read = (button) => {
    const speaking = button.getAttribute("aria-pressed") === "true";
    speech.cancel();
    button.setAttribute("aria-pressed", String(!speaking));
    label(button, speaking ? "read" : "stop");
    if (speaking) return;
    const blocks = $$("h1, .body :is(h2, h3, h4, p, li, tr), .guide-steps :is(summary, p, li li)").filter(
      (one) => !one.parentElement.closest(".body li, tr"),
    );
    const texts = blocks.map((one) => one.textContent.replace(/#|复制|複製/g, "").trim()).filter(Boolean);
    texts.forEach((text, number) => {
      const said = new SpeechSynthesisUtterance(text);
      said.voice = voice();
      said.lang = said.voice.lang;
      if (number === texts.length - 1)
        said.onend = () => {
          button.setAttribute("aria-pressed", "false");
          label(button, "read");
        };
      speech.speak(said);
    });
  };
  addEventListener("pagehide", () => speech?.cancel());

  // What is copied: a section's or a step's address, a number, a code, the words for a person.
  const copyButton = (text) => {
    const button = make("button", { type: "button", className: "copy" }, word("copy"));
    button.dataset.copy = text;
    return button;
  };
  on("click", (event) => {
    if (event.target.closest(".print")) print();
    const reader = event.target.closest(".read");
    if (reader) read(reader);
    const anchor = event.target.closest(".anchor");
    const copy = event.target.closest(".copy, .copy-text");
    if (!anchor && !copy) return;
    const text = anchor?.href ?? copy.dataset.copy ?? document.getElementById(copy.dataset.from).value;
    navigator.clipboard?.writeText(text).then(
      () => {
        $("#search-announce").textContent = word("copied");
        const button = copy ?? anchor;
        const before = button.textContent;
        button.textContent = word("copied");
        setTimeout(() => {
          button.textContent = before;
        }, 1500);
      },
      () => {},
    );
  });
  on("click", (event) => {
    if (event.target.closest(".toc details a")) event.target.closest("details").open = false;
  });

  // What this device knows of what was tried joins the words for a person; they stand in a box to be edited.
  const tellWhatWasDone = (within) => {
    $$(".copy-text", within).forEach((button) => button.removeAttribute("hidden"));
    const box = $("#person-text", within);
    if (!box) return;
    const done = counted().filter((tick) => tick.checked);
    if (done.length)
      box.value += `${word("didSteps")}${done.length}/${counted().length}：${words(done.at(-1).closest("li")).slice(0, 40)}\n`;
    const [query] = store.get("recent", []);
    if (query) box.value += `${word("didSearch")}${query}\n`;
  };
  on("click", (event) => {
    const send = event.target.closest(".send-text");
    if (send)
      send.href = `${send.href.split("?")[0]}?body=${encodeURIComponent(document.getElementById(send.dataset.from).value)}`;
  });

  let watcher = null;
  const dress = () => {
    watcher?.disconnect();
    showResume();
    const page = $("[data-article], [data-guide]");
    if (!page) return;
    dressSteps(page);
    showRead();
    $$(".print, .copy-text", page).forEach((button) => button.removeAttribute("hidden"));
    $$("pre, .prose a[href^='tel:'], .contacts a[href^='tel:']", page).forEach((one) => {
      if (one.matches("pre")) one.prepend(copyButton(one.textContent));
      else one.after(copyButton(one.textContent.trim()));
    });
    const links = new Map($$(".beside .toc a", page).map((link) => [decodeURIComponent(link.hash.slice(1)), link]));
    if (!links.size) return;
    const visible = new Set();
    watcher = new IntersectionObserver(
      (entries) => {
        entries.forEach((entry) => visible[entry.isIntersecting ? "add" : "delete"](entry.target.id));
        const current = [...links.keys()].find((id) => visible.has(id));
        if (current)
          links.forEach((link, id) =>
            id === current ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current"),
          );
      },
      { rootMargin: "-96px 0px -55% 0px" },
    );
    links.forEach((_, id) => {
      const part = document.getElementById(id);
      if (part) watcher.observe(part);
    });
  };

  // A tapped picture fills the screen; without this its link opens the picture.
  on("click", (event) => {
    const link = event.target.closest("a.enlarge");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const close = make("button", { type: "button" }, word("close"));
    const dialog = make(
      "dialog",
      { className: "picture" },
      make("img", { src: link.href, alt: $("img", link).alt }),
      close,
    );
    dialog.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  });

  on("unfolded", (event) => dressSteps(event.target));
  on("htmx:historyRestore", dress);
  on("htmx:afterSwap", (event) => {
    if (event.target.id === "feedback") tellWhatWasDone(event.target);
    if (event.target.id !== "main") return;
    if (speech?.speaking || speech?.pending) speech.cancel(); // it goes to the system even where nothing is said: 1 ms
    dress();
    $("[data-guide] h1")?.focus({ preventScroll: true });
  });
  // A link to a section that is gone lands at the article, which says so.
  const tellWhatIsGone = () => {
    const note = $(".gone");
    if (note)
      note.hidden = !location.hash || Boolean(document.getElementById(decodeURIComponent(location.hash.slice(1))));
  };
  addEventListener("hashchange", tellWhatIsGone);
  tellWhatIsGone();
  dress(); // deferred: the page is there
})();
