import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { sitePages } from "../../site/pages.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "offloop-site-"));
after(() => rmSync(folder, { recursive: true }));

/** The HTML of each page, by its address. */
const pages = new Map<string, string>();

before(() => {
  const vitepress = join(root, "node_modules/vitepress/bin/vitepress.js");
  const args = [vitepress, "build", "site", "--outDir", folder];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  assert.equal(status, 0, stdout + stderr);
  for (const file of globSync("*.html", { cwd: folder }))
    pages.set(`/${file.replace(/(index)?\.html$/, "")}`, readFileSync(join(folder, file), "utf8"));
});

test("the built site has a page for each file, and each is one click from the first", () => {
  const first = pages.get("/") ?? "";
  for (const place of Object.values(sitePages)) {
    const address = `/${place.replace(/(index)?\.md$/, "")}`;
    assert.ok(pages.has(address), address);
    assert.ok(first.includes(`href="${address}"`), address);
  }
});

test("every link within the built site leads to a page, and to a heading that it has", () => {
  const dead: string[] = [];
  let seen = 0;
  for (const [page, html] of pages) {
    for (const [, link = ""] of html.matchAll(/<a[^>]* href="([/#][^"]*)"/g)) {
      const { pathname, hash } = new URL(link, `http://site${page}`);
      const target = pages.get(pathname);
      const id = decodeURIComponent(hash.slice(1));
      if (target === undefined || (id !== "" && !target.includes(`id="${id}"`)))
        dead.push(`${page} -> ${link}`);
      seen++;
    }
  }
  assert.ok(seen > 1_000, String(seen));
  assert.deepEqual(dead, []);
});

test("the built site can be searched without another server", () => {
  const index = globSync("assets/chunks/*localSearchIndex*.js", { cwd: folder });
  assert.equal(index.length, 1);
  assert.match(readFileSync(join(folder, index[0] ?? ""), "utf8"), /timeoutms/);
});
