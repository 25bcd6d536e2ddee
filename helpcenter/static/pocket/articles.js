// The saved articles as records. In: the pack's files, which hold columns (equal things side by side compress best). Out:
// articles, topics, and the sections that are searched, with the fields of `index/building/preparing.py`.
"use strict";
(() => {
  const rows = (columns) => Object.values(columns)[0].map((_, at) => Object.fromEntries(Object.entries(columns).map(([name, list]) => [name, list[at]])));
  const address = (id) => id.split("/").map(encodeURIComponent).join("/");

  const articlesOf = (core, files) => {
    const articles = new Map();
    const sections = [];
    const parts = new Map();
    for (const file of files) {
      const own = rows(file.articles);
      let at = 0;
      const all = rows(file.sections);
      for (const article of own) {
        parts.set(article.id, all.slice(at, at + article.count));
        const phrases = article.title.split("\n"); // as the title may break
        articles.set(article.id, { ...article, phrases, title: phrases.join(""), url: `/articles/${address(article.id)}`, filters: { ...article.filters, topic: [article.topic].filter(Boolean) } });
        at += article.count;
      }
    }
    for (const id of core.order) { // the server's order of sections decides between equals
      const article = articles.get(id);
      if (!article) continue; // its topic was not saved
      article.sections = parts.get(id).map((part) => {
        const applies = part.anchor ? [] : Object.entries(article.filters).filter(([name]) => name !== "topic").flatMap(([, values]) => values);
        const section = {
          ...part, article, number: sections.length, title: article.title, url: article.url + (part.anchor ? `#${encodeURIComponent(part.anchor)}` : ""),
          aliases: [...new Set([...article.aliases, ...applies])].join("\n"),
          // Read when needed: of a search only a page of it is shown.
          get read() { return (this.known ??= body(article, part)); },
          get body() { return this.read.text; },
        };
        sections.push(section);
        return section;
      });
    }
    return { articles, sections, topics: new Map(core.topics.map((topic) => [topic.id, { ...topic, articles: topic.articles.map((id) => articles.get(id)).filter(Boolean) }])) };
  };
  // The part above the first heading stands for the article: it has the summary, where the text does not say it already.
  const body = (article, part) => {
    const own = pocket.read(part.html);
    if (part.anchor || !article.summary || own.text.includes(article.summary)) return own;
    const above = article.summary.split("\n").map(() => ".").join("");
    return { text: own.text ? `${article.summary}\n${own.text}` : article.summary, lines: above + own.lines };
  };
  Object.assign(pocket, { articlesOf, address });
})();
