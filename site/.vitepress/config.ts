import { defineConfig } from "vitepress";
import { exchangeGrammar } from "../exchange-grammar.ts";
import { readAsRepository } from "../markdown.ts";
import { sitePages } from "../pages.ts";
import { readSidebar } from "../sidebar.ts";

export default defineConfig({
  title: "offloop",
  description: "FastAPI's rule for Node: the way you declare a function says where it runs.",
  lang: "en",
  base: process.env.DOCS_BASE ?? "/",
  srcDir: "..",
  srcExclude: ["!(docs|examples)/**/*.md", "examples/*/**"],
  rewrites: sitePages,
  cleanUrls: true,
  markdown: {
    config: readAsRepository,
    languages: [exchangeGrammar],
  },
  themeConfig: {
    nav: [
      { text: "Getting started", link: "/start" },
      { text: "Examples", link: "/examples" },
      { text: "Errors", link: "/errors" },
      { text: "Settings", link: "/settings" },
    ],
    sidebar: readSidebar().map(({ text, items }) => ({ text, items: [...items] })),
    outline: [2, 3],
    search: { provider: "local" },
    socialLinks: [{ icon: "github", link: "https://github.com/offloop/offloop" }],
    editLink: { pattern: "https://github.com/offloop/offloop/edit/main/:path", text: "Edit this page" },
  },
});
