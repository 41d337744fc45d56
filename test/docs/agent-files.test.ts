import assert from "node:assert/strict";
import { test } from "node:test";
import { agentFiles, renderIndex } from "../../scripts/agent-files.ts";
import { findFencedBlocks } from "../../scripts/fenced-block.ts";
import { sitePages } from "../../site/pages.ts";

test("llms.txt names every page of docs, under the headings of docs/README.md", () => {
  const text = renderIndex((page) => `https://docs.example/${page}`);
  assert.match(text, /^# offloop\n\n> FastAPI's rule for Node: .+\n/);
  assert.match(text, /^## The basics\n\n- \[Getting started\]\(https:\/\/docs\.example\/docs\/start\.md\)/m);
  for (const page of Object.keys(sitePages).filter((file) => file.startsWith("docs/")))
    if (page !== "docs/README.md") assert.ok(text.includes(`(https://docs.example/${page})`), page);
});

test("the skill is short, and has an app, its test, the traps and where to read on", () => {
  const skill = agentFiles["skills/offloop/SKILL.md"]?.() ?? "";
  assert.match(skill, /^---\nname: offloop\ndescription: .{40,1024}\n---\n\n# offloop\n/);
  const lines = skill.split("\n");
  assert.ok(lines.length < 220, String(lines.length));
  const blocks = findFencedBlocks(lines.map((text, at) => ({ text, line: at + 1 })));
  assert.deepEqual(
    blocks.map(({ info }) => info[0]),
    ["ts", "ts", "sh", "ts"],
  );
  assert.match(skill, /## Traps\n\n- \*\*/);
  assert.match(skill, /\]\(\.\.\/\.\.\/llms\.txt\)/);
});
