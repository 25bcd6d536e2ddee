// Saving the help center on this device. In: [data-offline] buttons, /offline.json. Out: a cache that is whole, named by a
// pointer, and data-offline-state on <html>: none | saving | saved | outdated | failed.
// Why a new cache beside the old one and a pointer: a save that is cut anywhere leaves the copy before as it was.
"use strict";
(() => {
  const { $$, on, make, store } = window.helpcenter;
  const root = document.documentElement;
  const base = document.querySelector("#search").getAttribute("action").replace(/(\/zh-hant)?\/search$/, "");
  const POINTER = `${base}/offline/pointer`;
  const say = (state, words) => {
    root.dataset.offlineState = state;
    $$("[data-offline-words]").forEach((line) => { line.textContent = words ?? ""; });
    $$("[data-offline=save]").forEach((button) => { button.hidden = state === "saving" || state === "saved"; });
    $$("[data-offline=remove]").forEach((button) => { button.hidden = !["saved", "outdated"].includes(state); });
  };
  const size = (bytes) => `${Math.max(1, Math.round(bytes / 1024))} KB`;
  const pointer = async () => (await (await caches.open("hc-pointer")).match(POINTER))?.json();
  const point = async (record) => (await caches.open("hc-pointer")).put(POINTER, new Response(JSON.stringify(record)));
  const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const wanted = async (tries = 1) => {
    const answer = await fetch(`${base}/offline.json`, { cache: "no-store" });
    if (answer.status === 503 && tries > 1) { // the server is still packing
      await new Promise((later) => setTimeout(later, 2000));
      return wanted(tries - 1);
    }
    if (answer.status === 404 || answer.status === 410) return null; // switched off
    if (!answer.ok) throw new Error(`offline.json ${answer.status}`);
    return answer.json();
  };
  const sweep = async (kept) => {
    for (const name of await caches.keys()) if (name.startsWith("hc-") && name !== "hc-pointer" && name !== kept) await caches.delete(name);
  };
  const forget = async () => {
    await caches.delete("hc-pointer");
    await sweep(null);
    for (const worker of await navigator.serviceWorker.getRegistrations()) await worker.unregister();
  };

  const shown = (record) => `已存下 ${record.day} 的副本，${size(record.bytes)}，没有网络也能看、能搜。`;
  const save = async () => {
    const before = await pointer().catch(() => null);
    say("saving", "正在存……");
    try {
      const list = await wanted(30);
      if (!list) { await forget(); return say("failed", "本站没有开放离线副本。"); }
      navigator.storage?.persist?.();
      await navigator.serviceWorker.register(`${base}/sw.js`, { scope: `${base}/` });
      const name = `hc-${list.version}-${Date.now()}`;
      const fresh = await caches.open(name);
      const old = before && (await caches.open(before.cache));
      let done = 0;
      for (const { url, hash, bytes } of list.files) {
        const kept = before?.files?.[url] === hash ? await old.match(base + url) : null; // only what changed is fetched
        const answer = kept ?? (await fetch(base + url, { cache: "no-cache" }));
        if (!answer.ok) throw new Error(`${url} ${answer.status}`);
        const body = await answer.arrayBuffer();
        if (hex(await crypto.subtle.digest("SHA-256", body)) !== hash) throw new Error(`${url}: hash`);
        await fresh.put(base + url, new Response(body, { headers: { "Content-Type": answer.headers.get("Content-Type") ?? "" } }));
        done += bytes;
        say("saving", `正在存……${Math.round((100 * done) / list.bytes)}%（共 ${size(list.bytes)}）`);
      }
      const record = { cache: name, version: list.version, built: list.built, bytes: list.bytes, day: new Date().toLocaleDateString("sv"), files: Object.fromEntries(list.files.map((one) => [one.url, one.hash])) };
      await point(record);
      await sweep(name);
      say("saved", shown(record));
    } catch (error) {
      await sweep(before?.cache).catch(() => {});
      say("failed", `没有存成${error.name === "QuotaExceededError" ? "：这台设备的空间不够" : "，请检查网络后再试"}。${before ? "原来的副本还在。" : ""}`);
    }
  };

  const look = async () => {
    const buttons = $$("[data-offline=save]");
    if (!("serviceWorker" in navigator) || !("caches" in window) || !crypto.subtle) {
      // In-app browsers have no worker; the single file opens anywhere.
      $$("[data-offline-words]").forEach((line) => { line.replaceChildren("这个浏览器不能存离线副本。请在系统浏览器里打开本页，或下载", make("a", { href: `${base}/download` }, "单个文件"), "。"); });
      buttons.forEach((button) => { button.hidden = true; });
      root.dataset.offlineState = "none";
      return;
    }
    const kept = await pointer().catch(() => null);
    if (!kept) {
      say("none");
      return;
    }
    say("saved", shown(kept));
    if (root.dataset.pocket !== undefined) return; // shown from the copy: there is no network to ask
    try {
      const list = await wanted();
      if (!list) { await forget(); say("none"); } // the kill switch
      else if (list.version !== kept.version) say("outdated", `副本是 ${kept.day} 存的，网站后来有更新。`);
    } catch { /* offline: the copy is what there is */ }
  };
  const tell = async () => {
    const asked = $$("[data-offline-words]").some((line) => line.textContent);
    if (root.dataset.offlineState !== "none" || asked) return;
    const list = await wanted().catch(() => null);
    if (list) $$("[data-offline-words]").forEach((line) => { line.textContent = `约 ${size(list.bytes)}，存下后没有网络也能看、能搜。`; });
  };
  on("click", async (event) => {
    const button = event.target.closest("[data-offline]");
    if (!button) return;
    if (button.dataset.offline === "save") return save();
    await forget();
    say("none", "已从这台设备上删除。");
  });
  on("pointerover", (event) => { if (event.target.closest("[data-offline=save]")) tell(); });
  on("focusin", (event) => { if (event.target.closest("[data-offline=save]")) tell(); });
  root.dataset.offlineState = "none";
  on("DOMContentLoaded", look);
  // iOS keeps what a home-screen app saves apart, and Safari forgets after seven days without a visit.
  if (/iP(hone|ad|od)/.test(navigator.userAgent) && !matchMedia("(display-mode: standalone)").matches && !store.get("homeHint", false))
    on("DOMContentLoaded", () => $$("[data-offline-ios]").forEach((line) => { line.hidden = false; }));
})();
