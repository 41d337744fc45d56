import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { findFencedBlocks } from "./fenced-block.ts";
import { repositoryRoot } from "./finding.ts";

/** The package's files for coding agents, by path: generated from the pages that people read, on every build. */
export const agentFiles: Readonly<Record<string, () => string>> = {
  "llms.txt": () => renderIndex((page) => page),
  "skills/offloop/SKILL.md": renderSkill,
};

/**
 * Every page with its subject, in the form of https://llmstxt.org.
 *
 * @param toLink - Turns a page's path, relative to the root of the repository, into a link.
 */
export function renderIndex(toLink: (page: string) => string): string {
  const contents = readPage("docs/README.md").replace(/^# .*\n/, "");
  const linked = relink(contents, "docs", toLink)
    .replace(/^\*\*(.+)\*\*$/gm, "## $1")
    .replace(/^\d+\. /gm, "- ");
  return `# offloop\n\n> ${readSummary()}\n${linked}`;
}

/** How to write and test an app, and where to read on: short enough to be read before each change to one. */
function renderSkill(): string {
  const inSkill = (page: string): string => `../../${page}`;
  const take = (page: string, heading: string): string =>
    relink(readSection(page, heading), posix.dirname(page), inSkill);
  return `---
name: offloop
description: Write, change or test a web app that imports "offloop". Says where functions run, what they may do there, and which mistakes to avoid.
---

# offloop

${readSummary()}

## An app and its test

${fenced("ts", readPage("create-offloop/template/app.ts").replace("{{name}}", "Letters"))}

${fenced("ts", readPage("create-offloop/template/app.test.ts"))}

${readBlock("docs/start.md", "sh", "offloop dev")}

## The module of an app

${readParagraph(take("docs/start.md", "The module of an app"))}

## Traps

${take("docs/from-fastify.md", "Traps")}

## Inputs

${readTable(relink(readPage("docs/requests.md"), "docs", inSkill))}

## Responses

${readTable(take("docs/responses.md", "Other than JSON"))}

## Dependencies

${readBlock("docs/dependencies.md", "ts", "depends")}

## Read on

[llms.txt](../../llms.txt) lists every page with what it is about.
`;
}

function readPage(page: string): string {
  return readFileSync(join(repositoryRoot, page), "utf8");
}

/** The beginning of the README. */
function readSummary(): string {
  return readParagraph(readPage("README.md").replace(/^# .*\n+/, ""))
    .replaceAll("**", "")
    .replaceAll("\n", " ");
}

function readParagraph(text: string): string {
  return text.trim().split(/\n\n/)[0] ?? "";
}

/** The text under a heading, down to the next one. */
function readSection(page: string, heading: string): string {
  const [, ...sections] = readPage(page).split(/^##+ /m);
  const found = sections.find((section) => section.startsWith(`${heading}\n`));
  if (found === undefined) throw new Error(`${page} has no section "${heading}"`);
  return found.slice(heading.length).trim();
}

/** The first table of a text. */
function readTable(text: string): string {
  const [table] = /(^\|.*\n)+/m.exec(text) ?? [];
  if (table === undefined) throw new Error(`no table in: ${text.slice(0, 80)}`);
  return table.trim();
}

/** The first block of a page in this language that contains this text. */
function readBlock(page: string, language: string, having: string): string {
  const lines = readPage(page)
    .split("\n")
    .map((text, at) => ({ text, line: at + 1 }));
  const found = findFencedBlocks(lines).find(
    ({ info, code }) => info[0] === language && code.includes(having),
  );
  if (found === undefined) throw new Error(`${page} has no block of ${language} with "${having}"`);
  return fenced(language, found.code);
}

function fenced(language: string, code: string): string {
  return `\`\`\`${language}\n${code.trim()}\n\`\`\``;
}

/** Rewrites links that are relative to a folder. */
function relink(text: string, folder: string, toLink: (page: string) => string): string {
  return text.replace(/\]\((?![a-z]+:)([^)#\s]*)(#[^)\s]*)?\)/g, (_link, path: string, fragment = "") => {
    return `](${toLink(posix.join(folder, path))}${fragment})`;
  });
}

if (import.meta.main) {
  for (const [path, render] of Object.entries(agentFiles)) {
    mkdirSync(dirname(join(repositoryRoot, path)), { recursive: true });
    writeFileSync(join(repositoryRoot, path), render());
  }
}
