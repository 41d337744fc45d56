import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { repositoryRoot } from "../scripts/finding.ts";

const repository = "https://github.com/offloop/offloop";

/** Pages outside docs that readers reach from there, with their names in an address. */
const otherPages: Readonly<Record<string, string>> = {
  "README.md": "index.md",
  "examples/README.md": "examples.md",
  "CHANGELOG.md": "changelog.md",
  "CONTRIBUTING.md": "contributing.md",
  "SECURITY.md": "reporting-vulnerabilities.md",
};

/**
 * Every page of the site: its file, relative to the root of the repository, and its place on the site, both with ".md".
 */
export const sitePages: Readonly<Record<string, string>> = {
  ...otherPages,
  ...Object.fromEntries(
    globSync("docs/*.md", { cwd: repositoryRoot })
      .map((file) => file.replaceAll("\\", "/"))
      .sort()
      .map((file) => [file, file === "docs/README.md" ? "contents.md" : posix.basename(file)]),
  ),
};

/**
 * Where a page's link leads on the site. The pages are written for the repository, where links name files.
 *
 * @param page - The file that contains the link, relative to the root of the repository.
 * @throws {Error} When the file that the link names does not exist.
 */
export function resolveLink(page: string, link: string): string {
  if (/^([a-z][a-z+.-]*:|#)/i.test(link)) return link;
  const [, named = "", fragment = ""] = /^([^#]*)(#.*)?$/.exec(link) ?? [];
  const file = posix.join(posix.dirname(page), named).replace(/\/$/, "");
  const place = sitePages[file];
  if (place !== undefined) return `/${place.replace(/(index)?\.md$/, "")}${fragment}`;
  const path = join(repositoryRoot, file);
  if (!existsSync(path)) throw new Error(`${page} links to ${link}, and there is no ${file}`);
  return `${repository}/${statSync(path).isDirectory() ? "tree" : "blob"}/main/${file}${fragment}`;
}

/** A page's name in the sidebar: its heading, unless that says too little outside its folder. */
export function readTitle(file: string): string {
  if (file === "SECURITY.md") return "Reporting a vulnerability";
  const [, title] = /^# (.+)$/m.exec(readFileSync(join(repositoryRoot, file), "utf8")) ?? [];
  if (title === undefined) throw new Error(`${file} has no heading`);
  return title.replaceAll("`", "");
}
