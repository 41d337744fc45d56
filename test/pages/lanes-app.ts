import { setTimeout } from "node:timers/promises";
import { App, stream } from "offloop";
import { z } from "zod";

/** Something of each kind that the inspector shows. */
const app = new App({
  title: "Lanes",
  threads: { max: 3, reserve: 0 },
  watch: { thresholdMs: 50, level: "development" },
});

function hold(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const query = { ms: z.int().default(300) };

app.get("/plain", { query }, ({ query }) => {
  hold(query.ms);
  return "plain";
});

app.get("/async", { query }, async ({ query }) => {
  await setTimeout(query.ms);
  return "async";
});

app.get("/blocking", { query }, async ({ query }) => {
  const until = performance.now() + query.ms;
  while (performance.now() < until);
  return "blocking";
});

app.get("/endless", { timeoutMs: 200 }, () => {
  while (true);
});

app.get("/late", { timeoutMs: 100 }, async () => {
  await setTimeout(400);
});

app.get("/throwing", async () => {
  throw new TypeError("Nothing there");
});

app.get(
  "/organisations/:organisation/departments/:department/employees/:employee/payslips/:payslip",
  async () => {
    throw new RangeError("No such payslip");
  },
);

const refuse = app.task("refuse", () => {
  throw new Error("No");
});
const resize = app.task("resize", (ms: number) => hold(ms));

app.get("/tasks", { query }, async ({ query, background }) => {
  background.add(resize, query.ms);
  background.add(refuse);
  return "tasks";
});

app.get("/streamed", { query }, ({ query }) =>
  stream(
    (function* () {
      for (let part = 0; part < 3; part++) {
        hold(query.ms);
        yield `${part}`;
      }
    })(),
  ),
);

app.get("/fed", { query }, async function* ({ query }) {
  for (let part = 0; part < 3; part++) {
    yield part;
    await setTimeout(query.ms);
  }
});

app.get("/breaking", { query }, async function* ({ query }) {
  yield 1;
  await setTimeout(query.ms);
  throw new RangeError("Too far");
});

export default app;
