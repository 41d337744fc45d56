import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { repositoryRoot } from "../scripts/finding.ts";
import { readTitle, resolveLink, sitePages } from "./pages.ts";

export interface SidebarGroup {
  readonly text: string;
  readonly items: readonly { readonly text: string; readonly link: string }[];
}

/** The pages of docs, grouped and ordered as docs/README.md lists them, then those of the project. */
export function readSidebar(): SidebarGroup[] {
  const contents = readFileSync(join(repositoryRoot, "docs/README.md"), "utf8");
  const [, ...sections] = contents.split(/^\*\*(.+)\*\*$/m);
  const groups: SidebarGroup[] = [];
  const listed = new Set(["docs/README.md"]);
  for (let at = 0; at < sections.length; at += 2) {
    const files = listPages(sections[at + 1] ?? "").filter((file) => !listed.has(file));
    for (const file of files) listed.add(file);
    groups.push(toGroup(sections[at] ?? "", files));
  }
  const others = Object.keys(sitePages).filter((file) => !file.startsWith("docs/") && file !== "README.md");
  const start = {
    text: "Start here",
    items: [toItem("README.md", "What offloop is"), toItem("docs/README.md", "All pages")],
  };
  return [
    start,
    ...groups,
    toGroup(
      "Project",
      others.filter((file) => !listed.has(file)),
    ),
  ];
}

/** The pages that a part of docs/README.md lists; pages it mentions in passing have their place elsewhere. */
function listPages(markdown: string): string[] {
  const listed = markdown.split(/\n(?=\S)/).filter((block) => /^(-|\d+\.) /.test(block));
  const links = [...listed.join("\n").matchAll(/\]\(([^)#\s]+\.md)[^)]*\)/g)].map(([, link = ""]) => link);
  const files = links.map((link) => posix.join("docs", link));
  return [...new Set(files)].filter((file) => file in sitePages && file !== "README.md");
}

function toGroup(text: string, files: readonly string[]): SidebarGroup {
  return { text, items: files.map((file) => toItem(file, readTitle(file))) };
}

function toItem(file: string, text: string): SidebarGroup["items"][number] {
  return { text, link: resolveLink("README.md", file) };
}
