// The page object of results, as `helpcenter/pages/results_page.py` makes it of the server's search. In: a query, filters, a
// page number, the engine. Out: { title, name of a template, page }.
"use strict";
(() => {
  const PER_PAGE = 8,
    LINES = 24,
    NEAR = 2,
    STEPS = 3,
    NEAREST = 3,
    TOPICS = 12,
    VALUES_SHOWN = 6,
    VALUES_KEPT = 40,
    MOST = 200;
  const WHY = { pinyin: "拼音匹配", similar: "相近写法" };
  const TOP = "概要";

  pocket.resultsOf = ({ core, sections, articles, topics, engine, pages, root, partly }) => {
    const { html } = pocket;
    const { answered, direct, guides } = pocket.answering({ core, sections, engine });
    const specs = core.site.filters;
    const label = (name, value) => (name === "topic" ? (topics.get(value)?.title ?? value) : value);
    const url = (query, chosen, number = 1) => {
      const asked = new URLSearchParams([
        ...(query ? [["q", query]] : []),
        ...Object.entries(chosen).flatMap(([name, values]) => values.map((value) => [name, value])),
        ...(number > 1 ? [["page", number]] : []),
      ]);
      return `${root}/search${[...asked].length ? `?${asked}` : ""}`;
    };

    const group = (hits) => {
      const groups = pocket.groups(hits, (hit) => sections[hit.number].article);
      return [...groups].map(([article, own]) => ({ article, hits: own, complete: own.filter((hit) => hit.complete) }));
    };
    const inOrder = (some) => [...some].sort((one, other) => one.number - other.number);
    const links = (some) =>
      inOrder(some)
        .filter(({ number }) => sections[number].heading)
        .map(({ number }) => [sections[number].heading, root + sections[number].url]);
    // The best section and the others by their headings; a reader begins where the article itself begins to answer.
    const card = ({ article, hits, complete }, beginsPartial) => {
      let [top] = hits;
      if (!sections[top.number].heading && sections[top.number] === article.sections[0])
        top = inOrder(complete).find((hit) => hit.number !== top.number) ?? top;
      const section = sections[top.number];
      const others = (complete.length ? complete : hits).filter((hit) => hit !== top);
      const { text, lines } = section.read;
      const folded = engine.field(top.number, 4);
      const { steps, count } = pocket.firstSteps(text, folded, lines, top.parsed.marks, STEPS);
      return {
        url: root + article.url,
        title: article.title,
        topic: topics.get(article.topic)?.title ?? "",
        heading: section.heading || TOP,
        section_url: root + section.url,
        unfold_url: `${root}${article.url}/sections/${encodeURIComponent(section.anchor || pages.sectionTop)}`,
        snippet: html(steps.length ? "" : pocket.snippet(text, folded, lines, top.parsed.marks)),
        steps: steps.map(html),
        step_count: count,
        why: WHY[top.matched] ?? "",
        near: links(others.slice(0, NEAR)),
        more: links(others.slice(NEAR)),
        begins_partial: beginsPartial,
      };
    };
    const filters = (hits, chosen, total) =>
      specs
        .map((spec) => {
          const active = chosen[spec.name] ?? [];
          const wide = fitting(hits, chosen, spec.name);
          const whole = wide.filter((hit) => hit.complete);
          const counts = new Map();
          for (const article of new Set((whole.length ? whole : wide).map((hit) => sections[hit.number].article)))
            for (const value of article.filters[spec.name] ?? []) counts.set(value, (counts.get(value) ?? 0) + 1);
          const choices = [...counts]
            .sort((one, other) => other[1] - one[1] || (one[0] < other[0] ? -1 : 1))
            .slice(0, VALUES_KEPT)
            .filter(
              ([value, count]) =>
                active.includes(value) || (!spec.any.includes(value) && (active.length || count < total)),
            )
            .map(([value, count]) => [value, label(spec.name, value), count, active.includes(value)]);
          const late = choices.slice(VALUES_SHOWN);
          return {
            facet: spec.name,
            name: spec.label,
            choices: [...choices.slice(0, VALUES_SHOWN), ...late.filter((one) => one[3])],
            more: late.filter((one) => !one[3]),
            seen: active.length || spec.shown,
          };
        })
        .filter((one) => one.choices.length && one.seen);
    const fitting = (hits, chosen, but = "") => {
      const wanted = Object.entries(chosen).filter(([name]) => name !== but);
      const fits = ({ filters }) =>
        wanted.every(([name, values]) => values.some((value) => filters[name]?.includes(value)));
      return wanted.length ? hits.filter((hit) => fits(sections[hit.number].article)) : hits;
    };
    const countLine = (query, held, total, complete, first) => {
      if (query && !held) return `没有找到回答这个问题的文章${total ? `，${total} 篇沾一点边` : ""}`;
      if (!total) return "没有找到相关内容";
      if (complete || !query) return `找到 ${complete || total} 篇文章`;
      return WHY[first?.matched] ? `找到 ${total} 篇相近的文章` : `没有文章包含全部字词，${total} 篇只含一部分`;
    };

    // The articles nearest to a query that found nothing: without its filters, else by its characters one by one.
    const nearestOf = (query, shown, unfiltered) => {
      if (shown.length || !query) return [];
      const characters = [...query].filter((one) => /[\u3400-\u9fff]/.test(one)).join(" ");
      return group(unfiltered.length || !characters ? unfiltered : engine.search(characters).hits);
    };
    return (parameters) => {
      const query = (parameters.get("q") ?? "").trim().replace(/\s+/g, " ").slice(0, MOST);
      const chosen = Object.fromEntries(
        specs
          .map((spec) => [spec.name, parameters.getAll(spec.name).filter(Boolean)])
          .filter(([, values]) => values.length),
      );
      const asked = Boolean(query || Object.keys(chosen).length);
      const answer = query
        ? engine.search(query)
        : {
            hits: sections.map((_, number) => ({ number, score: 0, complete: true, matched: "words" })),
            suggestion: null,
            parsed: null,
          };
      const hits = fitting(answer.hits, chosen);
      const groups = group(hits);
      const size = query ? PER_PAGE : LINES;
      const count = Math.max(1, Math.ceil(groups.length / size));
      const number = Math.min(count, Math.max(1, Number.parseInt(parameters.get("page") ?? "1", 10) || 1));
      const complete = groups.filter((one) => one.complete.length).length;
      const turn = complete && complete < groups.length ? groups.findLastIndex((one) => one.complete.length) + 1 : 0;
      const shown = asked ? groups.slice((number - 1) * size, number * size) : [];
      const held = !query || answered(hits[0]?.parsed ?? answer.parsed, hits);
      const found =
        number === 1 && query && held ? direct(answer.parsed, fitting(answer.plain, chosen), hits[0]) : null;
      const without = (name, value) =>
        Object.fromEntries(
          Object.entries(chosen)
            .map(([own, values]) => [own, values.filter((one) => own !== name || one !== value)])
            .filter(([, values]) => values.length),
        );
      const names = Object.entries(chosen).flatMap(([name, values]) => values.map((value) => label(name, value)));
      const ordered = query
        ? []
        : [...topics.values()]
            .flatMap((topic) => topic.articles)
            .filter((article) => groups.some((one) => one.article === article));
      const listed = ordered.slice((number - 1) * LINES, number * LINES);
      const nearest = nearestOf(query, shown, answer.hits)
        .slice(0, NEAREST)
        .map(({ article, hits: [hit] }) => [
          sections[hit.number].heading ? `${article.title} › ${sections[hit.number].heading}` : article.title,
          root + sections[hit.number].url,
        ]);
      const usual = core.listed
        .map((id) => articles.get(id))
        .filter(Boolean)
        .map((article) => [article.title, root + article.url]);
      const page = {
        frame: pages.frame(asked ? `${query || names.join("、")} 的搜索结果` : "搜索"),
        asked,
        note: partly,
        count: asked ? countLine(query, held, groups.length, complete, hits[0]) : "",
        guides: number === 1 && query ? guides(query).map(pages.guideCard) : [],
        answer: found && {
          title: found.title,
          article_url: root + found.article.url,
          heading: found.heading || TOP,
          url: root + found.url,
          html: pages.local(found.html),
          verified: found.article.verified,
        },
        cards: query ? shown.map((one, at) => card(one, Boolean(turn) && (number - 1) * size + at === turn)) : [],
        lines: asked
          ? listed.map((article, at) => ({
              topic: article.topic === listed[at - 1]?.topic ? "" : (topics.get(article.topic)?.title ?? ""),
              title: article.title,
              summary: article.summary,
              url: root + article.url,
            }))
          : [],
        filters: filters(answer.hits, chosen, complete || groups.length),
        chips: Object.entries(chosen).flatMap(([name, values]) =>
          values.map((value) => [label(name, value), url(query, without(name, value))]),
        ),
        clear_url: url(query, {}),
        suggestion: answer.suggestion ?? "",
        suggestion_url: answer.suggestion ? url(answer.suggestion, chosen) : "",
        page: number,
        pages: count,
        previous_url: number > 1 ? url(query, chosen, number - 1) : "",
        next_url: asked && number < count ? url(query, chosen, number + 1) : "",
        nearest_heading: nearest.length
          ? names.length
            ? "去掉筛选，最接近的是"
            : "最接近的几节"
          : asked
            ? "也许可以看"
            : "可以先看",
        nearest: nearest.length ? nearest : shown.length ? [] : usual.slice(0, asked ? NEAREST : 6),
        topics: shown.length
          ? []
          : [...topics.values()]
              .filter((topic) => topic.articles.length)
              .slice(0, TOPICS)
              .map((topic) => [topic.title, pages.topicUrl(topic.id)]),
        contacts: complete ? [] : pages.contactsFor(chosen),
        did:
          asked && !complete
            ? `我在“${core.site.name}”搜索“${query}”${names.length ? `（筛选：${names.join("、")}）` : ""}，没有找到答案。\n我的情况是：\n`
            : "",
      };
      return { title: page.frame.title, template: "_results.html", page, query };
    };
  };
})();
