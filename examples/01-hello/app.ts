import { App } from "offloop";
import { z } from "zod";

const app = new App({ title: "Hello" });

// Async: it runs on the event loop, with every other async function. It may await; it must not block.
app.get("/", async () => ({ hello: "world" }));

// Names in the path are typed; a schema converts them to what the handler wants, or the client gets a 422.
app.get(
  "/hello/:name",
  { query: { times: z.int().min(1).max(5).default(1) } },
  async ({ params, query }) => ({
    greeting: `hello ${params.name} `.repeat(query.times).trim(),
  }),
);

// Plain: it runs on a thread, where it may compute as long as it likes. Only its own client waits for it.
app.get("/primes/:limit", { params: { limit: z.int().min(2).max(10_000_000) } }, ({ params }) => ({
  primes: countPrimes(params.limit),
}));

function countPrimes(limit: number): number {
  const composite = new Uint8Array(limit + 1);
  let primes = 0;
  for (let n = 2; n <= limit; n++) {
    if (composite[n] === 1) continue;
    primes++;
    for (let multiple = n * n; multiple <= limit; multiple += n) composite[multiple] = 1;
  }
  return primes;
}

export default app;
