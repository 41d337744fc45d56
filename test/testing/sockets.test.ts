import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { App, HTTPError } from "offloop";
import { HandshakeRefused, testClient } from "offloop/testing";

const app = new App();
app.websocket("/silent", { message: async ({ message }) => message });
app.websocket("/full/:room", {
  open: async () => {
    throw new HTTPError(409, "Full");
  },
  message: async () => {},
});

for (const socket of [false, true]) {
  const way = socket ? "socket" : "process";
  test(`receive() rejects when nothing comes, names the path, and loses no message [${way}]`, async () => {
    await using client = await testClient(app, { socket });
    await using quiet = await client.websocket("/silent?x=1", { receiveTimeoutMs: 20 });
    for (const receive of [() => quiet.receive(), () => quiet.receiveJson()])
      await assert.rejects(receive(), (error: Error) => {
        assert.equal(error.message, "No message has come from /silent?x=1 for 20 ms; it is still open");
        assert.match(error.stack ?? "", /sockets\.test\.ts/);
        return true;
      });
    quiet.send("late");
    for await (const message of quiet) {
      assert.equal(message, "late");
      break;
    }
  });

  test(`a refused handshake names path, status and body [${way}]`, async () => {
    await using client = await testClient(app, { socket });
    await assert.rejects(client.websocket("/full/tea"), (error: HandshakeRefused) => {
      assert(error instanceof HandshakeRefused);
      assert.equal(error.message, 'The handshake of /full/tea was answered with 409: {"detail":"Full"}');
      return true;
    });
    await assert.rejects(
      client.websocket("/nothing"),
      /^HandshakeRefused: .* 404: \{"detail":"Not Found"\}$/,
    );
  });
}

test("receive() does not take the clock of a test for its own", async () => {
  await using client = await testClient(app);
  await using quiet = await client.websocket("/silent");
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const received = quiet.receive();
    mock.timers.tick(60_000);
    quiet.send("answered");
    assert.equal(await received, "answered");
  } finally {
    mock.timers.reset();
  }
});

test("receiveTimeoutMs is checked", async () => {
  await using client = await testClient(app);
  await assert.rejects(client.websocket("/silent", { receiveTimeoutMs: 0 }), {
    code: "OFFLOOP_OPTION_INVALID",
  });
});
