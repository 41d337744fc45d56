import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { MarkdownEnv, MarkdownOptions, MarkdownRenderer } from "vitepress";
import { repositoryRoot } from "../scripts/finding.ts";
import { resolveLink } from "./pages.ts";

type Token = ReturnType<MarkdownRenderer["parse"]>[number];

/** Renders pages written for the repository: their links name files, their code blocks a file to save them in. */
export function readAsRepository(markdown: MarkdownRenderer): void {
  resolveLinks(markdown);
  frameCode(markdown);
}

/**
 * Colours every line to its end. The highlighter stops in a line that takes longer than half a second, as the first line
 * of a language does on a busy machine: then its patterns are compiled.
 */
export const untilTheEnd: NonNullable<MarkdownOptions["codeTransformers"]>[number] = {
  name: "offloop:until-the-end",
  preprocess: (_code, options) => {
    options.tokenizeTimeLimit = 0;
  },
};

/** The id of a heading, as GitHub makes it: links between pages use it. */
export function slugify(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}_ -]/gu, "")
    .replaceAll(" ", "-");
}

function resolveLinks(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push("repository-links", ({ tokens, env }) => {
    // If a page has a different place on the site, its file is `realPath`.
    const { realPath, path } = env as MarkdownEnv;
    const page = relative(repositoryRoot, realPath ?? path).replaceAll("\\", "/");
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const link = token.type === "link_open" ? token.attrGet("href") : null;
      if (link !== null) token.attrSet("href", resolveLink(page, link));
      if (token.type === "image") checkImage(page, token);
    }
  });
}

/** Charts come from measurements: until those exist, a page shows what they would say. */
function checkImage(page: string, image: Token): void {
  const file = join(repositoryRoot, dirname(page), image.attrGet("src") ?? "");
  if (existsSync(file)) return;
  console.warn(`${page} shows ${relative(repositoryRoot, file)}, which does not exist`);
  image.type = "text";
}

/**
 * Shows the file name of a block that begins with "```ts app.ts", draws diagrams without gaps, and
 * frames indented code as well.
 */
function frameCode(markdown: MarkdownRenderer): void {
  const { fence } = markdown.renderer.rules;
  const frame: NonNullable<typeof fence> = (...rendered) => {
    const [tokens, index] = rendered;
    const code = fence?.(...rendered) ?? "";
    const { info = "", content = "" } = tokens[index] ?? {};
    const name = /^\w+ ([\w.-]+\.\w+)/.exec(info)?.[1];
    if (name !== undefined) return `<div class="named"><div class="file-name">${name}</div>${code}</div>`;
    return /[─│]/.test(content) ? `<div class="diagram">${code}</div>` : code;
  };
  Object.assign(markdown.renderer.rules, { fence: frame, code_block: frame });
}
