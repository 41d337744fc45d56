import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { file, html, redirect, stream, text } from "offloop";
import { createApp } from "../lane.ts";

const video = fileURLToPath(new URL("./large-video-file.mp4", import.meta.url));

function listing() {
  const app = createApp();
  app.get("/items/", async () => [{ item_id: "Foo" }]);
  return app;
}
export const tutorial001 = listing();
export const tutorial001b = listing();

const page = `
    <html>
        <head>
            <title>Some HTML in here</title>
        </head>
        <body>
            <h1>Look ma! HTML!</h1>
        </body>
    </html>
    `;
function pages(content: string, responseMediaType = "text/html") {
  const app = createApp();
  app.get("/items/", { responseMediaType }, async () => html(content));
  return app;
}
export const tutorial002 = pages(page);
export const tutorial003 = pages(page, "application/json");
export const tutorial004 = pages(page);
export const tutorial010 = pages("<h1>Items</h1><p>This is a list of items.</p>");

export const tutorial005 = createApp();
tutorial005.get("/", { responseMediaType: "text/plain" }, async () => text("Hello World"));

export const tutorial006 = createApp();
tutorial006.get("/typer", async () => redirect("https://typer.tiangolo.com"));
export const tutorial006b = createApp();
tutorial006b.get("/fastapi", { status: 307, responseMediaType: null }, async () =>
  redirect("https://fastapi.tiangolo.com"),
);
export const tutorial006c = createApp();
tutorial006c.get("/pydantic", { status: 302, responseMediaType: null }, async () =>
  redirect("https://docs.pydantic.dev/", 302),
);

async function* fakeVideo() {
  for (let n = 0; n < 10; n++) yield Buffer.from("some fake video bytes");
}
export const tutorial007 = createApp();
tutorial007.get("/", async () => stream(fakeVideo()));

function* readVideo() {
  yield readFileSync(video);
}
export const tutorial008 = createApp();
tutorial008.get("/", () => stream(readVideo(), { mediaType: "video/mp4" }));
export const tutorial009 = createApp();
tutorial009.get("/", async () => file(video));
export const tutorial009b = createApp();
tutorial009b.get("/", () => file(video));

export const tutorial009c = createApp();
tutorial009c.get(
  "/",
  async () =>
    new Response(JSON.stringify({ message: "Hello World" }, null, 2), {
      headers: { "content-type": "application/json" },
    }),
);
