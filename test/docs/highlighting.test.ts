import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { createMarkdownRenderer } from "vitepress";
import { untilTheEnd } from "../../site/markdown.ts";

const page =
  '```ts\napp.get("/items/:id", { params: { id: z.int() } }, async ({ params }) => params);\n```\n';

test("untilTheEnd: a line is coloured to its end, however long the highlighter takes for it", async () => {
  const markdown = await createMarkdownRenderer(".", { codeTransformers: [untilTheEnd] });
  const quick = markdown.render(page);
  assert.ok((quick.match(/<span style/g) ?? []).length > 10, quick);
  let now = Date.now();
  const clock = mock.method(Date, "now", () => {
    now += 1_000;
    return now;
  });
  try {
    assert.equal(markdown.render(page), quick);
  } finally {
    clock.mock.restore();
  }
});
