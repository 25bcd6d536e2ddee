// Page objects of the saved copy: what `helpcenter/pages/` and `helpcenter/guides/` hand to the templates, made on the device.
// In: articles, guides, words of the site, today. Out: { title, name of a template, page }.
// Why here once more and not saved: a warning of an article's age is of the day it is read, and pages would weigh three times
// what they are made of.
"use strict";
(() => {
  const URGENCY = { now: "立即", soon: "尽快", self: "自己可办" };
  const STALE = 180 * 86400000,
    CONTACTS = 3,
    TOP = "_";
  const ORDER = ["now", "soon", "self", ""];
  const chinese = (day) => {
    const [year, month, date] = day.split("-").map(Number);
    return `${year} 年 ${month} 月 ${date} 日`;
  };

  // Each step gets an address of its own; what is nested in a step has none.
  const withStepIds = (html, anchor) => {
    const open = [];
    let number = 0;
    return html.replace(/<(\/?)(ol|ul|li)\b([^>]*)>/g, (all, closing, tag, rest) => {
      if (tag !== "li") {
        if (closing) open.pop();
        else open.push(tag === "ol" && rest.includes('class="steps"'));
      } else if (!closing && open.at(-1) && !open.slice(0, -1).some(Boolean))
        return `<li id="${anchor || "top"}-s${++number}"${rest}>`;
      return all;
    });
  };
  // The list of 适合, 用时, 备好 that opens an article, and the rest.
  const splitFacts = (html) => {
    const end = html.indexOf("</ul>") + 5;
    if (!html.trimStart().startsWith("<ul>\n<li><strong>") || end < 5) return ["", html];
    const facts = html.slice(0, end);
    return facts.split("<li>").length === facts.split("<li><strong>").length ? [facts, html.slice(end)] : ["", html];
  };
  const firstStep = (html) => {
    const begin = /<li id="[^"]+-s1"[^>]*>([^]*)$/.exec(html);
    return begin
      ? pocket.plain(
          begin[1]
            .split(/<\/li>|<[ou]l\b/)[0]
            .replace(/<[^>]*>/g, "")
            .replace(/\s+/g, " ")
            .trim(),
        )
      : "";
  };

  pocket.pagesOf = ({ core, articles, topics, root, mount, today }) => {
    const { html, address } = pocket;
    const site = core.site;
    const frame = (title, path) => ({
      site: { ...site, assets: core.assets },
      title: title ? `${title} · ${site.name}` : site.name,
      root,
      mount,
      canonical: path ? site.origin + root.slice(mount.length) + path : "",
    });
    const local = (text) =>
      html(
        text
          .replace(/="\/(articles|topics|search|guides)(?=[/"?#])/g, `="${root}/$1`)
          .replace(/="\/(static|media)\//g, `="${mount}/$1/`),
      );
    const here = (article) => ({ ...article, url: article.url });
    const topicUrl = (id) => `${root}/topics/${address(id)}`;
    const crumbs = (id) =>
      (id ? id.split("/") : [])
        .map((_, at, parts) => parts.slice(0, at + 1).join("/"))
        .map((id) => [topics.get(id)?.title ?? id.slice(id.lastIndexOf("/") + 1), topicUrl(id)]);
    const contact = (one) => ({
      ...one,
      tel: one.phone && `tel:${one.phone.replace(/[^\d+]/g, "")}`,
      url_label: one.url.replace(/^(?:https?:\/\/(?:www\.)?|mailto:|tel:)/, "").replace(/\/+$/, ""),
    });
    const contactsFor = (values) =>
      Object.values(site.contacts)
        .filter(
          (one) =>
            Object.keys(one.filters).length &&
            Object.entries(one.filters).every(([name, own]) => own.some((value) => values[name]?.includes(value))),
        )
        .slice(0, CONTACTS)
        .map(contact);
    const order = (id) => ORDER.indexOf(core.guides[id].urgency);
    const guideCard = (id) => {
      const guide = core.guides[id];
      return {
        title: guide.title,
        summary: guide.summary,
        url: `${root}/guides/${encodeURIComponent(id)}`,
        urgency: guide.urgency,
        urgency_word: URGENCY[guide.urgency] ?? "",
      };
    };
    const byUrgency = Object.keys(core.guides).sort(
      (one, other) => order(one) - order(other) || (one < other ? -1 : 1),
    );
    const warning = ({ expires, verified }) => {
      if (expires && expires <= today) return `本文的有效期到 ${chinese(expires)}，${site.words.note_expired}`;
      if (verified && Date.parse(today) - Date.parse(verified) > STALE)
        return `本文上次核实是 ${chinese(verified)}，已超过 180 天，${site.words.note_unverified}`;
      return "";
    };

    const article = (id) => {
      const one = articles.get(id);
      if (!one) return null;
      let parts = one.sections.map(({ anchor, heading, level, html: own }) => ({
        anchor,
        heading,
        level,
        html: withStepIds(own, anchor),
      }));
      let facts = "";
      if (parts.length && !parts[0].anchor) {
        const [before, rest] = splitFacts(parts[0].html);
        facts = before;
        parts.splice(0, 1, ...(rest.trim() ? [{ ...parts[0], html: rest }] : []));
      }
      const sections = parts.map(({ anchor, heading, level, html: own }) => ({
        anchor,
        heading,
        level,
        html: local(own),
        place: `${one.id}#${anchor}`,
      }));
      const stepped = sections.find((section) => section.html.text.includes('class="steps"'));
      const late = stepped && !sections.slice(0, sections[0].anchor ? 1 : 2).includes(stepped);
      const shown = site.filters.filter((filter) => filter.shown && filter.name !== "topic");
      const scope =
        shown
          .map((filter) => (one.filters[filter.name] ?? []).filter((value) => !filter.any.includes(value)))
          .find((values) => values.length) ?? [];
      const beside =
        one.topic && topics.has(one.topic)
          ? topics.get(one.topic).articles
          : [...articles.values()].filter((other) => !topics.has(other.topic));
      const at = beside.indexOf(one);
      const page = {
        frame: frame(one.title, one.url),
        article: one,
        heading: html(one.phrases.map(pocket.escape).join("<wbr>")),
        crumbs: crumbs(one.topic),
        scope: scope.join("、"),
        checked:
          one.verified && (one.verified.slice(0, 4) === today.slice(0, 4) ? one.verified.slice(5) : one.verified),
        facts: local(facts),
        sections,
        step_count: sections.reduce((sum, section) => sum + section.html.text.split("<li id=").length - 1, 0),
        applies: shown
          .filter((filter) => one.filters[filter.name]?.length)
          .map((filter) => ({
            name: filter.label,
            values: one.filters[filter.name].map((value) => [
              value,
              `${root}/search?${filter.name}=${encodeURIComponent(value)}`,
            ]),
          })),
        ahead: late
          ? { heading: stepped.heading, step: firstStep(stepped.html.text), url: `#${stepped.anchor}-s1` }
          : null,
        contents: sections.filter((section) => section.anchor && section.level <= 3),
        warning: warning(one),
        related: one.related
          .map((other) => articles.get(other))
          .filter(Boolean)
          .map(here),
        previous: beside[at - 1] ?? null,
        next: beside[at + 1] ?? null,
        contacts: contactsFor(one.filters),
        source_url: "",
      };
      return { title: page.frame.title, template: "article.html", page };
    };
    const topic = (id) => {
      const one = topics.get(id);
      const subtopics = [...topics.values()]
        .filter((other) => other.id.startsWith(`${id}/`) && other.articles.length)
        .map((other) => [other.title, topicUrl(other.id), other.articles.length]);
      if (!one || !(one.articles.length || subtopics.length)) return null;
      const page = {
        frame: frame(one.title),
        topic: one,
        body: local(one.html),
        crumbs: crumbs(id.slice(0, Math.max(0, id.lastIndexOf("/")))),
        subtopics,
      };
      return { title: page.frame.title, template: "topic.html", page };
    };
    const step = (place) => {
      const [id, anchor = ""] = place.split("#");
      const one = articles.get(id);
      const section = one?.sections.find((part) => part.anchor === anchor || !anchor);
      return (
        section && {
          place,
          heading: section.heading || one.title,
          article: one.title,
          url: root + one.url + (anchor ? `#${encodeURIComponent(anchor)}` : ""),
          html: local(section.html),
        }
      );
    };
    const guide = (id, answers) => {
      const known = core.guides[id];
      if (!known) return null;
      const path = (given) =>
        [`${root}/guides`, id, ...given].map((part, at) => (at ? encodeURIComponent(part) : part)).join("/");
      const given = [];
      let at = known.start,
        astray = "";
      for (const answer of answers) {
        const option = known.questions[at]?.options.find((one) => one.answer === answer);
        if (!option) {
          astray = `没有“${answer}”这个选项，可能是地址打错了，或者向导改过。请从这里接着选。`;
          break;
        }
        given.push({ asked: known.questions[at], option });
        at = option.to;
      }
      const question = known.questions[at],
        outcome = known.outcomes[at];
      const chosen = given.map((one) => one.option.answer);
      const heading = question?.ask ?? outcome?.title ?? known.title;
      const contacts = outcome?.contact && site.contacts[outcome.contact];
      const page = {
        frame: frame(
          outcome ? heading : given.length ? `${heading} · ${known.title}` : known.title,
          `/guides/${[id, ...chosen].map(encodeURIComponent).join("/")}`,
        ),
        guide: guideCard(id),
        id,
        heading,
        hint: question?.hint ?? outcome?.intro ?? "",
        astray,
        answered: given.map(({ asked, option }, number) => ({
          ask: asked.ask,
          label: option.label,
          change_url: path(chosen.slice(0, number)),
        })),
        options: (question?.options ?? []).map((option) => [option.label, path([...chosen, option.answer])]),
        steps: (outcome?.steps ?? []).map(step).filter(Boolean),
        others: question ? byUrgency.filter((other) => other !== id).map(guideCard) : [],
        back_url: given.length ? path(chosen.slice(0, -1)) : "",
        contacts: contacts ? [contact(contacts)] : [],
        did: outcome
          ? `我用了《${known.title}》：${given.map((one) => one.option.label).join(" → ")}。\n得到的是“${heading}”，做到第    步时遇到问题：\n`
          : "",
      };
      return { title: page.frame.title, template: "_guide.html", page };
    };
    return { article, topic, guide, frame, local, guideCard, contactsFor, topicUrl, sectionTop: TOP };
  };
})();
