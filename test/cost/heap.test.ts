import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Command, command, fixture, listening } from "../fixtures/cli.ts";
import { lanes } from "../fixtures/running.ts";
import { loopBounds, threadBounds, worstBodies } from "./worst-bodies.ts";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
/** As many at once as a client is likely to have of one kind. */
const AT_ONCE = 3;

let server: Command;
let url: string;
before(async () => {
  const flags = ["--max-old-space-size=256", "--conditions=offloop:source"];
  server = command([main, "run", fixture("worst-bodies.ts"), "--port", "0"], flags);
  url = await listening(server);
});
after(() => server.child.kill("SIGKILL"));

/** What takes most memory, of the kinds that a thread is done with soon. */
const heaviest = [
  "anything, as empty lists",
  "strict objects, given other keys",
  "records of numbers, given texts",
  "arktype's objects of 50 fields, given none",
];
const all = Object.entries(worstBodies).map(([name, { json }], index) => ({ name, json, index }));
const sent = {
  loop: all.map((worst) => ({ ...worst, bounds: loopBounds })),
  thread: all
    .filter(({ name }) => heaviest.includes(name))
    .map((worst) => ({ ...worst, bounds: threadBounds })),
};

for (const lane of lanes)
  for (const { name, json, index, bounds } of sent[lane])
    test(`a heap of 256 MB, several of the worst body at once: ${name} [${lane}]`, async () => {
      const [body, headers] = [json(bounds), { "content-type": "application/json" }];
      const ask = (): Promise<Response> =>
        fetch(`${url}/${lane}/${index}`, { method: "POST", headers, body });
      const answers = await Promise.all(Array.from({ length: AT_ONCE }, ask));
      for (const answer of answers) {
        const text = await answer.text();
        // A thread whose heap is full fails its own call.
        assert.ok(answer.status < 500 || lane === "thread", `${answer.status} ${text.slice(0, 200)}`);
        assert.ok(text.length < 200_000);
      }
      assert.equal(await (await fetch(`${url}/alive`)).json(), "alive");
      assert.equal(server.child.exitCode, null);
    });
