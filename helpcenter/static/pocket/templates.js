// Pages out of the server's own templates. In: the lists that `helpcenter/offline/templates.py` makes of them, a page object.
// Out: HTML, everything escaped but what is `html(…)`. Why walked and not compiled: the security policy forbids eval.
"use strict";
(() => {
  class Html {
    constructor(text) {
      this.text = text;
    }
    toString() {
      return this.text;
    }
  }
  const html = (text) => new Html(text);
  const SIGNS = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };
  const escape = (value) =>
    value instanceof Html ? value.text : String(value ?? "").replace(/[&<>"']/g, (sign) => SIGNS[sign]);
  const yes = (value) =>
    Array.isArray(value) ? value.length > 0 : value instanceof Html ? value.text !== "" : !!value;
  const FILTERS = {
    length: (value) => value.length,
    urlencode: (value) => encodeURIComponent(value).replaceAll("%2F", "/"),
  };

  const renderer = (templates) => {
    const value = (node, scope) => {
      if (typeof node === "string") return scope[node];
      if (node.length === 1) return node[0];
      const [kind, one, two, three] = node;
      switch (kind) {
        case ".":
          return value(one, scope)?.[value(two, scope)];
        case "not":
          return !yes(value(one, scope));
        case "and": {
          const left = value(one, scope);
          return yes(left) ? value(two, scope) : left;
        }
        case "or": {
          const left = value(one, scope);
          return yes(left) ? left : value(two, scope);
        }
        case "?":
          return value(yes(value(one, scope)) ? two : three, scope);
        case "==":
          return value(one, scope) === value(two, scope);
        case "!=":
          return value(one, scope) !== value(two, scope);
        case ">":
          return value(one, scope) > value(two, scope);
        case "+":
          return value(one, scope) + value(two, scope);
        case "slice":
          return value(one, scope)?.slice(0, value(two, scope));
        case "call":
          return value(one, scope)(...node.slice(2).map((argument) => value(argument, scope)));
        default:
          return FILTERS[kind.slice(1)](value(one, scope));
      }
    };
    const walk = (body, scope) => {
      let out = "";
      for (const node of body) {
        if (typeof node === "string") {
          out += node;
          continue;
        }
        const [kind, one, two, three] = node;
        if (kind === "=") out += escape(value(one, scope));
        else if (kind === "if") out += walk(one.find(([test]) => yes(value(test, scope)))?.[1] ?? two, scope);
        else if (kind === "set") scope[one] = value(two, scope);
        else if (kind === "include") out += walk(templates[one], scope);
        else if (kind === "from") walk(templates[one], scope);
        else if (kind === "macro")
          scope[one] = (...given) =>
            html(walk(three, { ...scope, ...Object.fromEntries(two.map((name, at) => [name, given[at]])) }));
        else if (kind === "for") {
          const list = value(two, scope) ?? [];
          list.forEach((item, at) => {
            const own = Array.isArray(one)
              ? Object.fromEntries(one.map((name, number) => [name, item[number]]))
              : { [one]: item };
            out += walk(three, {
              ...scope,
              ...own,
              loop: { first: at === 0, last: at === list.length - 1, index: at + 1 },
            });
          });
        }
      }
      return out;
    };
    return (name, page) => walk(templates[name], { page });
  };
  Object.assign(pocket, { escape, html, renderer });
})();
