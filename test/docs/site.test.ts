import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveLink, sitePages } from "../../site/pages.ts";
import { readSidebar } from "../../site/sidebar.ts";

test("the sidebar has every page of the site once, in the order of docs/README.md", () => {
  const links = readSidebar().flatMap(({ items }) => items.map(({ link }) => link));
  const places = Object.keys(sitePages).map((file) => resolveLink("README.md", file));
  assert.ok(places.length > 30, String(places));
  assert.deepEqual(links.toSorted(), places.toSorted());
  assert.deepEqual(links.slice(0, 4), ["/", "/contents", "/start", "/requests"]);
});

test("a link between files of the repository leads to a page of the site, or to the file on GitHub", () => {
  const repository = "https://github.com/offloop/offloop";
  const cases: Record<string, [page: string, link: string]> = {
    "/requests#strict-types": ["docs/start.md", "requests.md#strict-types"],
    "/": ["docs/start.md", "../README.md"],
    "/contents": ["README.md", "docs/README.md"],
    "/contributing#tests": ["docs/lifecycle.md", "../CONTRIBUTING.md#tests"],
    [`${repository}/blob/main/examples/09-login/app.ts`]: ["docs/sessions.md", "../examples/09-login/app.ts"],
    [`${repository}/tree/main/examples/experiments`]: ["README.md", "examples/experiments/"],
    "#below": ["docs/start.md", "#below"],
    "https://zod.dev": ["docs/start.md", "https://zod.dev"],
  };
  for (const [address, [page, link]] of Object.entries(cases)) assert.equal(resolveLink(page, link), address);
});

test("a link to a file that is not there is refused, with the page that has it", () => {
  assert.throws(() => resolveLink("docs/start.md", "request.md"), {
    message: "docs/start.md links to request.md, and there is no docs/request.md",
  });
});
