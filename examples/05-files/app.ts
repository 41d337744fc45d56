import { createHash } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { App, event, file, html, sse, stream } from "offloop";
import { z } from "zod";

const app = new App({ title: "Files", maxBodyBytes: 50 * 1024 * 1024 });

const pagePath = fileURLToPath(new URL("./page.html", import.meta.url));

app.get("/", async () => file(pagePath));

// A plain function reads an upload synchronously: `readSync` may block, since it runs on a thread. Past
// 1 MiB a file is on disk.
app.post("/digest", { form: { upload: z.file().max(40 * 1024 * 1024) } }, ({ form: { upload } }) => ({
  name: upload.name,
  bytes: upload.size,
  sha256: createHash("sha256").update(upload.readSync()).digest("hex"),
}));

// An async one awaits it. Files and fields come together in one form; a repeated name is a list.
app.post(
  "/album",
  {
    form: {
      title: z.string().min(1).max(80),
      public: z.boolean().default(false),
      pictures: z.array(z.file().mime(["image/png", "image/jpeg"])).min(1),
    },
  },
  async ({ form }) => {
    const signatures = form.pictures.map(async (picture) =>
      Buffer.from((await picture.bytes()).subarray(0, 4)),
    );
    return {
      title: form.title,
      public: form.public,
      startsWith: (await Promise.all(signatures)).map((bytes) => bytes.toString("hex")),
    };
  },
);

// Raw bytes, without a form.
app.put("/echo", async ({ request }) => ({
  bytes: request.bytes.byteLength,
  type: request.headers.get("content-type"),
}));

// A plain generator runs on its thread, no faster than the client reads.
app.get("/report.csv", { query: { rows: z.int().min(1).max(1_000_000).default(1000) } }, ({ query }) =>
  stream(reportLines(query.rows), {
    mediaType: "text/csv; charset=utf-8",
    headers: { "content-disposition": 'attachment; filename="report.csv"' },
  }),
);

function* reportLines(rows: number): Generator<string> {
  yield "row,square\n";
  for (let row = 1; row <= rows; row++) yield `${row},${row * row}\n`;
}

// Server-sent events: the browser's EventSource reads them, and reconnects by itself.
app.get("/countdown", { query: { from: z.int().min(1).max(60).default(3) } }, async ({ query, signal }) =>
  sse(countdown(query.from, signal)),
);

async function* countdown(from: number, signal: AbortSignal): AsyncGenerator<unknown> {
  for (let left = from; left > 0; left--) {
    yield event({ id: left, data: { left } });
    await setTimeout(100, undefined, { signal });
  }
  yield event({ event: "done", text: "lift off" });
}

app.get("/teapot", async () => html("<h1>I am a teapot</h1>", { status: 418 }));

export default app;
