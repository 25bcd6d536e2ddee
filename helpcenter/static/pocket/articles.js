// The saved articles as records. In: the pack's files, which hold columns (equal things side by side compress best). Out:
// articles, topics, and the sections that are searched, with the fields of `index/building/preparing.py`.
"use strict";
(() => {
  const rows = (columns) =>
    columns.id.map((_, at) => Object.fromEntries(Object.entries(columns).map(([name, list]) => [name, list[at]])));
  const address = (id) => id.split("/").map(encodeURIComponent).join("/");

  // A section: what is dear to make is made when it is asked for, since of a search only a page is shown.
  class Section {
    constructor(article, number, anchor, heading, level, html, asked) {
      Object.assign(this, { article, number, anchor, heading, level, html, asked });
      this.known = null;
    }
    get title() {
      return this.article.title;
    }
    get url() {
      return this.article.url + (this.anchor ? `#${encodeURIComponent(this.anchor)}` : "");
    }
    get aliases() {
      const applies = this.anchor
        ? []
        : Object.entries(this.article.filters).flatMap(([name, values]) => (name === "topic" ? [] : values));
      return [...new Set([...this.article.aliases, ...applies])].join("\n");
    }
    // Words of its asks, each with how often it stands there.
    get asks() {
      return this.asked();
    }
    get read() {
      return (this.known ??= body(this.article, this));
    }
    get body() {
      return this.read.text;
    }
  }

  const articlesOf = (core, files) => {
    const articles = new Map();
    for (const { articles: columns, sections, asks } of files) {
      let at = 0,
        known = null; // of a search only the index is read
      const asked = (place) => (known ??= pocket.asked(core.search, asks, sections.anchor.length))[place];
      for (const article of rows(columns)) {
        const phrases = article.title.split("\n"); // as the title may break
        articles.set(article.id, {
          ...article,
          phrases,
          title: phrases.join(""),
          url: `/articles/${address(article.id)}`,
          filters: { ...article.filters, topic: [article.topic].filter(Boolean) },
          from: sections,
          at,
          asked,
        });
        at += article.count;
      }
    }
    const sections = [];
    for (const id of core.order) {
      // the server's order of sections decides between equals
      const article = articles.get(id);
      if (!article) continue; // its topic was not saved
      const { from, at, count, asked } = article;
      article.sections = [];
      for (let place = at; place < at + count; place++)
        article.sections.push(
          new Section(
            article,
            sections.length + place - at,
            from.anchor[place],
            from.heading[place],
            from.level[place],
            from.html[place],
            () => asked(place),
          ),
        );
      sections.push(...article.sections);
    }
    return {
      articles,
      sections,
      topics: new Map(
        core.topics.map((topic) => [
          topic.id,
          { ...topic, articles: topic.articles.map((id) => articles.get(id)).filter(Boolean) },
        ]),
      ),
    };
  };
  // The part above the first heading stands for the article: it has the summary, where the text does not say it already.
  const body = (article, part) => {
    const own = pocket.read(part.html);
    if (part.anchor || !article.summary || own.text.includes(article.summary)) return own;
    const above = article.summary
      .split("\n")
      .map(() => ".")
      .join("");
    return { text: own.text ? `${article.summary}\n${own.text}` : article.summary, lines: above + own.lines };
  };
  Object.assign(pocket, { articlesOf, address });
})();
