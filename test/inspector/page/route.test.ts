import assert from "node:assert/strict";
import { test } from "node:test";
import { jobAddress, jobsAddress, parseRoute, requestAddress } from "../../../src/inspector/page/route.ts";

test("parseRoute() reads what jobsAddress() and jobAddress() write, whatever the names hold", () => {
  const choice = { task: "send mail/größe", state: "dead", find: "a&b=#?c", after: "x/1" };
  assert.deepEqual(parseRoute(jobsAddress(choice)), { view: "jobs", choice });
  const id = "send mail/größe & more:00000000-0000-4000-8000-000000000000";
  assert.deepEqual(parseRoute(jobAddress(id)), { view: "job", id });
});

test("jobsAddress() leaves out what does not filter", () => {
  assert.equal(jobsAddress({}), "#/jobs");
  assert.equal(jobsAddress({ task: "", state: "dead" }), "#/jobs?state=dead");
});

test("parseRoute() takes what it does not know for the lanes", () => {
  for (const hash of ["", "#", "#/", "#/lanes", "#/nonsense", "#lanes"])
    assert.deepEqual(parseRoute(hash), { view: "lanes" }, hash);
});

test("parseRoute() reads the request that requestAddress() writes, and takes a stray % as it is", () => {
  for (const request of ["req-1", "a&b=#?c/ü", "100%"])
    assert.deepEqual(parseRoute(requestAddress(request)), { view: "lanes", request });
  assert.deepEqual(parseRoute("#request=100%"), { view: "lanes", request: "100%" });
});
