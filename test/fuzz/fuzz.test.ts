import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as fc from "fast-check";
import { readAnswers } from "../../bench/fuzz/answers.ts";
import { invariants } from "../../bench/fuzz/properties.ts";
import { schemasOfServer } from "../../bench/fuzz/random-schemas.ts";
import { Subject } from "../../bench/fuzz/subject.ts";

/** The same requests every time; `npm run fuzz` goes on from there. */
const SEED = 20;
/** Of what `npm run fuzz` tries in a round. */
const PART = 1 / 3;

const [declared = []] = fc.sample(schemasOfServer, { seed: SEED, numRuns: 1 });
const subject = new Subject(declared);
before(() => subject.open());
after(() => subject.end());

for (const { name, property, runs } of invariants(subject, declared))
  test(`fuzz: ${name}`, async () => {
    await fc.assert(property, { seed: SEED, numRuns: Math.ceil(runs * PART) });
  });

test("readAnswers() splits answers, and keeps the rest", () => {
  const empty = "HTTP/1.1 204 No Content\r\n\r\n";
  const length = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  const chunks = "HTTP/1.1 422 X\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";
  const head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
  const all = Buffer.from(
    `HTTP/1.1 100 Continue\r\n\r\n${empty}${length}${chunks}${head}HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut`,
  );
  const { answers, rest } = readAnswers(all, ["POST", "POST", "POST", "HEAD", "GET"]);
  assert.deepEqual(
    answers.map(({ status, body }) => [status, body.toString()]),
    [
      [204, ""],
      [200, "ok"],
      [422, "abcd"],
      [200, ""],
    ],
  );
  assert.match(rest, /cut$/);
});
