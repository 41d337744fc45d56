import type { MarkdownOptions } from "vitepress";

type Grammar = Exclude<NonNullable<MarkdownOptions["languages"]>[number], string | (() => unknown)>;

/** Colours the requests and responses that pages show: `GET /items`, headers, `→ 200`, JSON. */
export const exchangeGrammar = {
  name: "http",
  scopeName: "source.exchange",
  repository: {},
  patterns: [
    { match: "^[A-Z]+(?= /)", name: "keyword" },
    { match: "^(→) (\\d{3})", captures: { 1: { name: "comment" }, 2: { name: "constant.numeric" } } },
    { match: "^[\\w-]+(?=: )", name: "entity.name.tag" },
    { match: '"[^"]*"(?=\\s*:)', name: "support.type.property-name" },
    { match: '"[^"]*"', name: "string" },
    { match: "(?<=[:,\\[] ?)(-?\\d[\\d.]*|true|false|null)\\b", name: "constant.numeric" },
  ],
} satisfies Grammar;
