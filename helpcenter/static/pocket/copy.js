// Where the saved copy lies: inside the single file, in the cache that the pointer names, or (plain files on a web host) beside
// the page. In: the mount. Out: its day, its files, its index. offline.js saves it.
"use strict";
(() => {
  const POINTER = "/offline/pointer",
    INDEX = "/offline/index";

  // By the clock on the wall. (toLocaleDateString loads the locale's tables: 20 ms on a phone.)
  pocket.today = () => {
    const now = new Date();
    return new Date(now - now.getTimezoneOffset() * 60000).toISOString().slice(0, 10);
  };
  pocket.openCopy = async (mount) => {
    const inline = document.querySelector("script[data-pack]");
    if (inline) {
      if (!globalThis.DecompressionStream)
        throw new Error(
          "这个浏览器太旧，打不开这份文件。请换 2023 年以后的 Chrome、Edge、Firefox 或 Safari（iOS 16.4 起）。",
          { cause: "browser" },
        );
      const packed = Uint8Array.from(atob(inline.textContent), (letter) => letter.charCodeAt(0));
      const files = await new Response(
        new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate")),
      ).json();
      return {
        inline: true,
        built: files.built,
        names: Object.keys(files),
        read: async (name) => files[name],
        index: async () => null,
      };
    }
    const pointer = window.caches && (await caches.match(mount + POINTER, { cacheName: "hc-pointer" }));
    if (!pointer) {
      const list = await (await fetch(`${mount}/offline.json`)).json();
      return {
        built: list.built,
        names: list.files.map((one) => one.url),
        read: async (name) => (await fetch(mount + name)).json(),
        index: async () => null,
      };
    }
    const record = await pointer.json();
    const cache = await caches.open(record.cache);
    const kept = (name) => cache.match(mount + name);
    return {
      day: record.day,
      built: record.built,
      topics: record.topics ?? null,
      names: Object.keys(record.files),
      read: async (name) => (await kept(name)).json(),
      index: async () => (await kept(INDEX))?.arrayBuffer(),
    };
  };
  pocket.isData = (url) => /^\/offline\/(core|articles|topic)-/.test(url);
  // The pack's core and its articles, as records.
  pocket.readCopy = async ({ names, read }) => {
    const data = names.filter(pocket.isData);
    const core = await read(data.find((name) => name.includes("/core-")));
    const files = await Promise.all(data.filter((name) => !name.includes("/core-")).map(read));
    return { core, ...pocket.articlesOf(core, [...core.files, ...files]) };
  };
  // For the save: the index of what was fetched, as bytes.
  pocket.indexOf = async (names, read, breathe) => {
    const { core, sections } = await pocket.readCopy({ names, read });
    return pocket.encode(await pocket.build(core, sections, breathe));
  };
})();
