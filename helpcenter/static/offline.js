// The saved copy as every page knows it. In: [data-offline] buttons, /offline.json.
// Out: data-offline-state on <html>: none | saving | saved | outdated | failed. What saves comes with the tap (pocket/save.js).
// A copy is a cache named by a pointer; what no pointer names is swept. One tab at a time changes anything (a lock).
"use strict";
(() => {
  const { $, $$, on, make } = window.helpcenter;
  const root = document.documentElement;
  const base = $("#search")
    .getAttribute("action")
    .replace(/(\/zh-hant)?\/search$/, "");
  const POINTER = `${base}/offline/pointer`;
  const OURS = `hc-${base}@`;
  // Nobody finds the way back to a copy in a browser inside another app.
  const inside = /; wv\)|MicroMessenger/.test(navigator.userAgent);
  const able = !inside && "serviceWorker" in navigator && "caches" in window && crypto.subtle && navigator.locks;
  // iOS keeps what a home-screen app saves apart; Safari forgets after seven days. (An iPad says Mac.)
  const apple =
    /iP(hone|ad|od)/.test(navigator.userAgent) || (/Mac/.test(navigator.userAgent) && navigator.maxTouchPoints);
  const HANGS = 120000; // ms for one file
  const words = (name, values = {}) =>
    $(`[data-offline-word="${name}"]`, $("#offline-words").content).innerHTML.replace(
      /\{(\w+)\}/g,
      (_, key) => values[key],
    );
  const size = (bytes) =>
    bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1000))} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
  const day = (date) => date.replace(/^(\d+)-0?(\d+)-0?(\d+)$/, "$1 年 $2 月 $3 日");
  const hint = apple && !matchMedia("(display-mode: standalone)").matches ? words("ios") : "";
  let copy = null;
  let said = [];
  const say = (state, line = "") => {
    said = [state, line];
    root.dataset.offlineState = state;
    $$("[data-offline-words]").forEach((one) => {
      one.innerHTML = line;
    });
    $$("[data-offline=save]").forEach((button) => {
      button.hidden = state === "saving" || state === "saved";
      button.textContent = words(copy ? "update" : "save");
    });
    $$("[data-offline=remove]").forEach((button) => {
      button.hidden = !copy || state === "saving";
    });
  };
  const pointers = () => caches.open("hc-pointer");
  const pointer = async () => (await caches.match(POINTER, { cacheName: "hc-pointer" }))?.json();
  const point = async (record) => (await pointers()).put(POINTER, new Response(JSON.stringify(record)));
  const sweep = async (kept) => {
    for (const name of await caches.keys()) if (name.startsWith(OURS) && name !== kept) await caches.delete(name);
  };
  const alone = (work) => navigator.locks.request(POINTER, work);
  const patient = async (address, options, tries = 30) => {
    const answer = await fetch(base + address, { ...options, signal: AbortSignal.timeout?.(HANGS) });
    if (answer.status !== 503 || tries < 2) return answer;
    await new Promise((later) => setTimeout(later, 2000)); // each process of the server packs for itself
    return patient(address, options, tries - 1);
  };
  const wanted = async (tries = 1) => {
    const answer = await patient("/offline.json", { cache: "no-store" }, tries);
    if (answer.status === 410) return null; // switched off; a 404 may be a server set up wrongly for an hour
    if (!answer.ok) throw new Error(`offline.json ${answer.status}`);
    return answer.json();
  };
  const worker = async () => {
    const one = await navigator.serviceWorker.getRegistration(`${base}/`);
    return one?.scope === new URL(`${base}/`, location.href).href ? one : null; // not of a site around ours
  };
  const register = () => navigator.serviceWorker.register(`${base}/sw.js`, { scope: `${base}/` });
  const forget = async () => {
    const all = await pointers();
    await all.delete(POINTER);
    if (!(await all.keys()).length) await caches.delete("hc-pointer");
    await sweep();
    await (await worker())?.unregister();
    copy = null;
  };
  const script = (address) =>
    new Promise((done, failed) => {
      document.head.append(Object.assign(make("script", { src: address }), { onload: done, onerror: failed }));
    });
  const shown = (record) =>
    words("saved", { day: day(record.day), size: size(record.bytes) }) +
    (record.topics ? words("partly", { count: record.topics.length }) : "");

  const save = (topics) => {
    say("saving", words("saving"));
    return alone(async () => {
      const before = await pointer().catch(() => null);
      try {
        const list = await wanted(30);
        if (!list) {
          await forget();
          return say("failed", words("off"));
        }
        const many = list.topics.length;
        if (many && !topics && !before?.topics) {
          say("none");
          return choose(list, before);
        }
        navigator.storage?.persist?.();
        await Promise.race([register(), new Promise((later) => setTimeout(later, 3000))]); // hangs in Chromium after removals
        const code = list.files.find((one) => one.url.includes("/pocket-")).url;
        // A page that has been open for long has another program, which may not know these files.
        if (!window.pocket?.save || !$(`script[src="${base + code}"]`))
          await patient(code).then(() => script(base + code));
        const tell = (share, bytes) =>
          say("saving", words("progress", { share: Math.round(100 * share), size: size(bytes) }));
        const name = `${OURS}${list.version}-${Date.now()}`;
        const record = await pocket.save({
          base,
          list,
          topics: many ? (topics ?? before.topics) : null,
          before,
          name,
          patient,
          point,
          tell,
        });
        await sweep(record.cache);
        copy = record;
        say("saved", shown(record));
      } catch (error) {
        console.warn(error);
        copy = await pointer().catch(() => null);
        await sweep(copy?.cache).catch(() => {});
        say("failed", words(error.name === "QuotaExceededError" ? "full" : "failed") + (copy ? words("kept") : ""));
      }
    });
  };
  // A large site is saved by topic: a list with sizes, and their sum on the button.
  const choose = (list, before) => {
    $$(".offline-topics").forEach((one) => one.remove());
    const button = make("button", { type: "button", disabled: true });
    const boxes = list.topics.map(({ id, title, bytes }) => ({
      bytes,
      title,
      box: make("input", { type: "checkbox", value: id, checked: !!before?.topics?.includes(id) }),
    }));
    const common = list.files.filter((one) => !one.topic).reduce((sum, one) => sum + one.bytes, 0);
    const sum = () => {
      const chosen = boxes.filter(({ box }) => box.checked);
      button.disabled = !chosen.length;
      button.innerHTML = words("chosen", { size: size(chosen.reduce((all, one) => all + one.bytes, common)) });
    };
    const form = make(
      "fieldset",
      { className: "offline-topics" },
      make("legend", {}, words("choose")),
      ...boxes.map(({ box, title, bytes }) => make("label", {}, box, ` ${title} `, make("small", {}, size(bytes)))),
      button,
    );
    form.addEventListener("change", sum);
    button.addEventListener("click", () => {
      form.remove();
      save(boxes.filter(({ box }) => box.checked).map(({ box }) => box.value));
    });
    sum();
    $(".site-footer .offline").append(form);
    form.scrollIntoView({ block: "center" });
  };

  const look = async () => {
    const kept = (copy = await pointer().catch(() => null));
    if (!kept) return say("none", hint);
    // What a browser or its owner took away is no copy any more.
    const there =
      (await caches.has(kept.cache)) &&
      (await (await caches.open(kept.cache)).keys()).length >= Object.keys(kept.files).length;
    if (!there) {
      if (root.dataset.pocket === undefined) await alone(forget); // without a network a part is better than nothing
      return say("failed", words("broken"));
    }
    say("saved", shown(kept));
    navigator.locks.request(POINTER, { ifAvailable: true }, (free) => free && sweep(kept.cache)); // left by a save that was cut
    if (root.dataset.pocket !== undefined) return; // shown from the copy: there is no network to ask
    if (!(await worker())) register().catch(() => {});
    const list = await wanted().catch(() => undefined); // offline: the copy is what there is
    if (list === null) {
      await alone(forget);
      say("none");
    } // the kill switch
    else if (list && list.version !== kept.version) say("outdated", words("outdated", { day: day(kept.day) }));
  };
  // What it would weigh, once the button is seen: a kilobyte, asked for once.
  const tell = async () => {
    if (root.dataset.offlineState !== "none") return;
    const bytes = Number(sessionStorage[POINTER]) || (await wanted().catch(() => null))?.bytes;
    if (!bytes || root.dataset.offlineState !== "none") return;
    sessionStorage[POINTER] = bytes;
    say("none", words("size", { size: size(bytes) }) + hint);
  };
  const watch = () => {
    const seen = new IntersectionObserver(
      (buttons) => {
        if (!buttons.some((one) => one.isIntersecting)) return;
        seen.disconnect();
        tell().catch(() => {});
      },
      { threshold: 1 },
    );
    $$("[data-offline=save]").forEach((button) => seen.observe(button));
  };
  root.dataset.offlineState = "none";
  if (!able) {
    $$("[data-offline-words]").forEach((line) => {
      line.innerHTML = words("unable");
    });
    $$("[data-offline=save]").forEach((button) => {
      button.hidden = true;
    });
    return;
  }
  on("click", async (event) => {
    const button = event.target.closest("[data-offline]");
    if (!button) return;
    if (button.dataset.offline === "save") return save();
    await alone(forget);
    say("none", words("removed"));
  });
  // A step back brings buttons too.
  for (const type of ["htmx:afterSwap", "htmx:historyRestore"])
    on(type, () => {
      if ($("#main [data-offline]")) say(...said);
    });
  // What another tab has saved or removed meanwhile. (A BroadcastChannel would keep pages out of some browsers' bfcache.)
  on("visibilitychange", async () => {
    if (document.hidden || root.dataset.offlineState === "saving") return;
    const kept = await pointer().catch(() => null);
    if (kept?.cache !== copy?.cache) look();
  });
  // The network went after this page came: the copy goes on where typing rests.
  let turn = 0;
  on("htmx:sendError", ({ detail }) => {
    if (!copy || !detail.target?.closest("#main") || detail.target.closest("#feedback")) return;
    clearTimeout(turn);
    turn = setTimeout(() => location.assign(detail.pathInfo.finalRequestPath), 600);
  });
  // A search that shows its first results goes before.
  if (root.dataset.pocket === undefined && !$("#pocket")) look().then(watch);
  on("pocket:ready", look);
})();
