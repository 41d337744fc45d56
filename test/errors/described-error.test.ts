import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { describeError } from "../../src/errors/described-error.ts";
import app from "../fixtures/apps/held-errors.ts";
import { eachLane, running } from "../fixtures/running.ts";

test("describeError() says what the errors say that an error holds", () => {
  const many = new AggregateError([new Error("one"), "two", new RangeError("")], "many");
  const { message, cause } = describeError(many);
  assert.equal(message, "many: one; two; RangeError");
  assert.equal(cause?.message, "one");
  const six = Array.from({ length: 7 }, (_, index) => new Error(String(index)));
  assert.equal(describeError(new AggregateError(six)).message, "0; 1; 2; 3; 4; and 2 more");
  const own = describeError(new AggregateError([new Error("one")], "", { cause: new Error("its own") }));
  assert.equal(own.cause?.message, "its own");
  assert.equal(describeError(new AggregateError([], "none")).message, "none");
  const holdsItself = new AggregateError([], "itself");
  holdsItself.errors.push(holdsItself);
  assert.match(describeError(holdsItself).message, /^itself: itself/);
});

test("describeError() says to which addresses a connection was refused", async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const addresses = [
    { address: "127.0.0.1", family: 4 },
    { address: "127.0.0.2", family: 4 },
  ];
  connect({
    host: "db",
    port: 1,
    autoSelectFamily: true,
    lookup: (_host, _options, found) => found(null, addresses),
  }).on("error", resolve);
  const { message } = describeError(await promise);
  assert.equal(message, "connect ECONNREFUSED 127.0.0.1:1; connect ECONNREFUSED 127.0.0.2:1");
});

eachLane("the log has both errors of a function whose resource fails to close as well", async (lane) => {
  const server = await running(app);
  try {
    assert.equal((await fetch(`${server.url}/${lane}/suppressed`)).status, 500);
    const { msg } = await server.logged(({ level }) => level === 50);
    assert.match(msg, /failed: .*: no such row; cannot close$/);
  } finally {
    await server.close();
  }
});
