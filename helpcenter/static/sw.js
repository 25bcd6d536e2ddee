// The worker: answers from the saved copy when the network does not. In: requests. Out: the server's answer where there is
// one in time, else the saved frame (pages) or the saved file. The page saves (offline.js); this file only serves.
// Why the server goes first: nobody may read an old page because of a worker. A file whose address has its hash is never old.
"use strict";
const PATIENCE = 3000; // ms; a line too slow for a page of 10 kB is no line
const POINTER = "/offline/pointer"; // in the cache "hc-pointer": the name of the cache that was saved whole
const mount = new URL(self.registration.scope).pathname.replace(/\/$/, "");
const live = async () => {
  const kept = await caches.match(mount + POINTER, { cacheName: "hc-pointer" });
  const { cache } = kept ? await kept.json() : {};
  return cache && (await caches.has(cache)) ? caches.open(cache) : null;
};

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const inTime = (request) => {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE);
  return fetch(request, { signal: patience.signal }).finally(() => clearTimeout(timer));
};
const plain = (path) => path.slice(mount.length).replace(/^\/zh-hant(?=\/|$)/, "");
const isPage = (path) => /^\/?$|^\/(search|about|guides|topics|articles)(\/|$)/.test(path) && !path.endsWith(".md");
const isHashed = (url) =>
  /\?v=[0-9a-f]{12}$/.test(url.href) || /\/offline\/[a-z]+-[0-9a-f]{12}\.(js|json)$/.test(url.pathname);

const page = async (request) => {
  const saved = await live();
  if (!saved) return fetch(request);
  let answer;
  try {
    answer = await inTime(request);
  } catch {
    /* no network, or too slow */
  }
  // A server or a gateway that says of itself that it fails is no answer either.
  if (answer && (answer.type === "opaqueredirect" || answer.status < 500)) return answer;
  return (await saved.match(`${mount}/offline/shell`)) ?? answer ?? Response.error();
};
const file = async (request, url) => {
  const saved = await live();
  const kept = saved && (await saved.match(url.pathname + url.search));
  if (kept && isHashed(url)) return kept;
  try {
    return await (kept ? inTime(request) : fetch(request));
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
};

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin || request.cache === "no-store") return;
  if (request.mode === "navigate" && isPage(plain(url.pathname))) event.respondWith(page(request));
  else if (/^\/(static|offline|media)\/|^\/site\.css$/.test(url.pathname.slice(mount.length)))
    event.respondWith(file(request, url));
});
