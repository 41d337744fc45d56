import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createClient } from "/work/main/test/fixtures/client.ts";
import app, * as f from "/work/main/test/fixtures/faults-app.ts";
import { assertNextRequests } from "/work/main/test/fixtures/next-requests.ts";
import { running } from "/work/main/test/fixtures/running.ts";
import { takeCensus } from "/work/main/test/fixtures/thread-census.ts";

const census = takeCensus();
const s = await running(app, {
  accessLog: false,
  threads: { resourceLimits: { maxOldGenerationSizeMb: 64 } },
});
const c = createClient(s.url);
after(async () => {
  f.held.open();
  c.close();
  await s.close();
  console.log(process.getActiveResourcesInfo(), census.most, census.mostSaid, census.started, census.alive);
});
const show = async (p: string, o = {}) => {
  const a = await Promise.race([c.ask(p, o), new Promise<string>((r) => setTimeout(r, 4000, "HANG"))]);
  console.log(
    p,
    typeof a === "string" ? a : `${a.status} ${a.body.subarray(0, 80)} ${a.ms.toFixed(0)}ms`,
    s.log
      .splice(0)
      .map((l) => l.msg)
      .join(" | ")
      .slice(0, 400),
  );
};
test("next", async () => {
  const t = performance.now();
  await assertNextRequests(s.url);
  console.log("1000 in", performance.now() - t);
});
for (const p of [
  "/endless",
  "/regex",
  "/late-on-loop",
  "/adds/endless-task",
  "/adds/late-task",
  "/exit",
  "/heap",
  "/throw-later",
  "/throw-while-running",
  "/reject-later/thread",
])
  test(p, async () => {
    await show(p);
    await new Promise((r) => setTimeout(r, 150));
    console.log(
      "   then",
      s.log
        .splice(0)
        .map((l) => l.msg)
        .join(" | ")
        .slice(0, 400),
    );
    await assertNextRequests(s.url);
  });
for (const w of ["getter", "proxy", "null", "symbol", "revoked"])
  for (const l of ["loop", "thread"]) test(w, async () => show(`/${l}/throw/${w}`));
for (const v of ["a%0d%0aset-cookie:x", "%01", "%7f", "%c3%a9", "%e2%82%ac"])
  for (const l of ["loop", "thread"]) test(v, async () => show(`/${l}/header?value=${v}`));
for (const n of ["content-length", "transfer-encoding", "connection", "content-type"])
  for (const l of ["loop", "thread"])
    test(n, async () => show(`/${l}/header?name=${n}&value=${n === "transfer-encoding" ? "chunked" : "3"}`));
for (const w of ["function", "getter", "proxy"])
  test("gives " + w, async () => {
    console.log(
      w,
      await Promise.race([
        f.gives(w).catch((e) => String(e)),
        new Promise((r) => setTimeout(r, 2000, "HANG")),
      ]),
    );
  });
