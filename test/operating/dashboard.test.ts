import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { appFolder } from "../fixtures/app-folder.ts";
import app from "../fixtures/apps/metrics.ts";
import { running } from "../fixtures/running.ts";

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
}

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
const dashboard = JSON.parse(read("operating/dashboard.json")) as Dashboard;
const expressions = [
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.annotations.list.map(({ expr }) => expr),
];

/** Metrics that a text names, without the endings of a histogram's parts. */
function namesIn(text: string): Set<string> {
  const found = text.match(/\b(?:offloop|http_server|process)_[a-z_]+[a-z]\b/g) ?? [];
  return new Set(found.map((name) => name.replace(/_(bucket|sum|count)$/, "")));
}

test("every metric of the alerts and the dashboard is one that the docs list, and that a server or its primary gives", async (t) => {
  const used = namesIn([read("operating/alerts.yml"), ...expressions].join("\n"));
  const listed = namesIn(read("docs/metrics.md"));
  const server = await running(app, { accessLog: false });
  t.after(() => server.close());
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const given = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  // Those of jobs and sockets are there where an app declares any, those of workers in a primary.
  const elsewhere = /^offloop_(jobs?_|jobs$|websockets|worker)/;
  for (const name of used) {
    assert.ok(listed.has(name) || name.startsWith("process_"), `${name} is not in docs/metrics.md`);
    assert.ok(given.has(name) || elsewhere.test(name), `${name} is not in /metrics`);
  }
  assert.ok(used.size > 20, `${used.size} metrics are used`);
});

test("every expression of the dashboard is one that Prometheus can read", (t) => {
  if (spawnSync("promtool", ["--version"]).error !== undefined)
    return t.skip("promtool is not installed: Debian's package prometheus has it");
  const plain = expressions.map((expr) =>
    expr.replaceAll(/\$__(rate_)?interval/g, "1m").replaceAll(/\$(job|instance)/g, ".+"),
  );
  const rules = plain.map((expr, n) => ({ record: `panel_${n}`, expr }));
  const folder = appFolder({ "panels.yml": JSON.stringify({ groups: [{ name: "panels", rules }] }) });
  const { status, stderr } = spawnSync("promtool", ["check", "rules", folder.path("panels.yml")], {
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  assert.ok(expressions.every((expr) => !/\$(?!__rate_interval|__interval|job\b|instance\b)/.test(expr)));
});

test("every panel says what it shows, and none covers another", () => {
  const { panels } = dashboard;
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  for (const { title, type, description } of panels)
    if (type !== "row") assert.ok(description, `${title} has no description`);
  for (const [at, { title, gridPos: one }] of panels.entries())
    for (const { title: otherTitle, gridPos: other } of panels.slice(at + 1)) {
      const isBeside = one.x + one.w <= other.x || other.x + other.w <= one.x;
      const isBelow = one.y + one.h <= other.y || other.y + other.h <= one.y;
      assert.ok(isBeside || isBelow, `${title} covers ${otherTitle}`);
    }
});
