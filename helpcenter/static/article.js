// Comforts of an article and of steps anywhere: ticks that this device remembers, links to copy, contents that follow.
// In: the elements of templates/, helpers of app.js. Out: nothing that a page needs to be readable.
"use strict";
(() => {
  const { $, $$, on, word, store, make } = window.helpcenter;

  const ticksKey = () => `ticks:${$("[data-article]")?.dataset.article}`;
  const dressSteps = (within) => {
    $$("ol.steps > li", within).forEach((step) => {
      if ($(".tick", step)) return;
      const tick = make("input", { type: "checkbox", className: "tick" });
      tick.setAttribute("aria-label", `${word("done")}：${step.textContent.trim().slice(0, 30)}`);
      step.prepend(tick);
    });
  };
  const copyButton = (text) => {
    const button = make("button", { type: "button", className: "copy" }, word("copy"));
    button.dataset.copy = text;
    return button;
  };
  let watcher = null;
  const dress = () => {
    const article = $("[data-article]");
    watcher?.disconnect();
    if (!article) return;
    dressSteps(article);
    const done = store.get(ticksKey(), []);
    $$(".tick", article).forEach((tick, number) => { tick.checked = done.includes(number); });
    $(".print", article)?.removeAttribute("hidden");
    $$("pre, a[href^='tel:']", article).forEach((place) => {
      if (place.matches("pre")) place.append(copyButton(place.textContent));
      else place.after(copyButton(place.textContent.trim()));
    });
    const links = new Map($$(".toc a", article).map((link) => [decodeURIComponent(link.hash.slice(1)), link]));
    if (!links.size) return;
    const visible = new Set();
    watcher = new IntersectionObserver((entries) => {
      entries.forEach((entry) => visible[entry.isIntersecting ? "add" : "delete"](entry.target.id));
      const current = [...links.keys()].find((id) => visible.has(id));
      if (current) links.forEach((link, id) => (id === current ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current")));
    }, { rootMargin: "-96px 0px -55% 0px" });
    links.forEach((_, id) => { const part = document.getElementById(id); if (part) watcher.observe(part); });
  };
  on("change", (event) => {
    if (!event.target.matches("[data-article] .tick")) return;
    store.set(ticksKey(), $$("[data-article] .tick").flatMap((tick, number) => (tick.checked ? [number] : [])));
  });
  on("click", (event) => {
    if (event.target.closest(".print")) print();
    const anchor = event.target.closest(".anchor");
    const copy = event.target.closest(".copy");
    if (!anchor && !copy) return;
    navigator.clipboard?.writeText(anchor ? anchor.href : copy.dataset.copy).then(() => {
      $("#search-announce").textContent = word("copied");
      const button = copy ?? anchor;
      const label = button.textContent;
      button.textContent = word("copied");
      setTimeout(() => { button.textContent = label; }, 1500);
    }, () => {});
  });

  on("unfolded", (event) => dressSteps(event.target));
  on("htmx:historyRestore", dress);
  dress(); // deferred: the page is there
})();
