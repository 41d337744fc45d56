import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitepress";
import { renderIndex } from "../../scripts/agent-files.ts";
import { exchangeGrammar } from "../exchange-grammar.ts";
import { readAsRepository, slugify, untilTheEnd } from "../markdown.ts";
import { sitePages } from "../pages.ts";
import { readSidebar } from "../sidebar.ts";

/** A loop, and next to it a thread. */
const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="none" stroke="#0d9488" stroke-width="4">
<circle cx="12" cy="16" r="8"/><path d="M27 4v24" stroke-linecap="round"/></svg>`;

export default defineConfig({
  title: "offloop",
  description: "FastAPI's rule for Node: the way you declare a function says where it runs.",
  lang: "en",
  head: [["link", { rel: "icon", href: `data:image/svg+xml,${encodeURIComponent(icon)}` }]],
  base: process.env.DOCS_BASE ?? "/",
  srcDir: "..",
  srcExclude: ["!(docs|examples)/**/*.md", "examples/*/**"],
  rewrites: sitePages,
  cleanUrls: true,
  // The root is the repository's, where Vite would otherwise look for packages in every HTML file.
  vite: { optimizeDeps: { entries: [] } },
  markdown: {
    config: readAsRepository,
    anchor: { slugify },
    languages: [exchangeGrammar],
    codeTransformers: [untilTheEnd],
  },
  buildEnd: ({ outDir }) => {
    const toMarkdown = (page: string): string =>
      `https://raw.githubusercontent.com/offloop/offloop/main/${page}`;
    writeFileSync(join(outDir, "llms.txt"), renderIndex(toMarkdown));
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
