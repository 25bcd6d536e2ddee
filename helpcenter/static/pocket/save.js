// Saving and updating: new files into a new cache, each checked, then one pointer is switched. In: the list of `/offline.json`,
// the topics wanted, the record of the copy before. Out: the record of the new one. Loaded with the tap.
// Why a new cache beside the old one: a save that is cut anywhere leaves the copy before as it was.
"use strict";
(() => {
  const INDEX = "/offline/index";
  const TYPES = { css: "text/css", js: "text/javascript", svg: "image/svg+xml" };
  const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const breath = () => new Promise((later) => setTimeout(later));

  pocket.save = async ({ base, list, topics, before, name, patient, point, tell }) => {
    const files = list.files.filter((one) => !one.topic || !topics || topics.includes(one.topic));
    const bytes = files.reduce((sum, one) => sum + one.bytes, 0);
    const fresh = await caches.open(name);
    const old = before && (await caches.open(before.cache));
    let done = 0;
    for (const { url, hash, bytes: own } of files) {
      tell(done / bytes, bytes);
      const kept = before?.files[url] === hash ? await old.match(base + url) : null; // only what changed is fetched
      const answer = kept ?? (await patient(url, { cache: "no-cache" }));
      if (!answer.ok) throw new Error(`${url} ${answer.status}`);
      const body = await answer.arrayBuffer();
      if (hex(await crypto.subtle.digest("SHA-256", body)) !== hash) throw new Error(`${url}: hash`);
      await fresh.put(
        base + url,
        new Response(body, { headers: { "Content-Type": answer.headers.get("Content-Type") ?? "" } }),
      );
      done += own;
    }
    // The styles and scripts came as one file; pages ask for each.
    const frame = files.find((one) => one.url.includes("/frame-")).url;
    for (const [path, text] of Object.entries(await (await fresh.match(base + frame)).json())) {
      const type = TYPES[path.match(/\.(\w+)(\?|$)/)[1]];
      await fresh.put(base + path, new Response(text, { headers: { "Content-Type": `${type}; charset=utf-8` } }));
    }
    const hashes = Object.fromEntries(files.map((one) => [one.url, one.hash]));
    const same = (url) => before?.files[url] === hashes[url];
    const code = files.find((one) => /\/pocket-/.test(one.url)).url;
    const data = files.map((one) => one.url).filter(pocket.isData);
    const index =
      [code, ...data].every(same) && data.length === Object.keys(before.files).filter(pocket.isData).length
        ? await (await old.match(base + INDEX))?.arrayBuffer()
        : null;
    tell(1, bytes);
    await fresh.put(
      base + INDEX,
      new Response(
        index ?? (await pocket.indexOf(data, async (url) => (await fresh.match(base + url)).json(), breath)),
      ),
    );
    const record = {
      cache: name,
      version: list.version,
      built: list.built,
      bytes,
      day: pocket.today(),
      topics,
      files: hashes,
    };
    await point(record);
    return record;
  };
})();
