import { readFileSync } from "node:fs";
import { HTTPError, html } from "offloop";
import { z } from "zod";
import { createApp, depends } from "../lane.ts";

function createPage(name: string) {
  const page = readFileSync(new URL(`websockets/${name}.txt`, import.meta.url), "utf8");
  const app = createApp();
  app.get("/", async () => html(page));
  return app;
}

export const tutorial001 = createPage("tutorial001");
tutorial001.websocket("/ws", { message: ({ message }) => `Message text was: ${message}` });

const cookie_or_token = depends(
  { cookies: { session: z.string().optional() }, query: { token: z.string().optional() } },
  async ({ cookies, query }) => {
    const value = cookies.session ?? query.token;
    if (value === undefined) throw new HTTPError(403, "Neither a session nor a token");
    return value;
  },
);
export const tutorial002 = createPage("tutorial002");
tutorial002.websocket(
  "/items/:item_id/ws",
  { query: { q: z.int().optional() }, deps: { cookie_or_token } },
  {
    *message({ message, params, query, cookie_or_token }) {
      yield `Session cookie or query token value is: ${cookie_or_token}`;
      if (query.q !== undefined) yield `Query parameter q is: ${query.q}`;
      yield `Message text was: ${message}, for item ID: ${params.item_id}`;
    },
  },
);

/** Whole sockets, on the loop: those that a message is sent to receive it there. */
export const tutorial003 = createPage("tutorial003");
tutorial003.websocket("/ws/:client_id", { params: { client_id: z.int() } }, async ({ socket, params }) => {
  socket.join("all");
  const broadcast = async (text: string): Promise<void> => {
    await socket.to("all").send(text);
    if (socket.isOpen) await socket.send(text);
  };
  for await (const message of socket) {
    await socket.send(`You wrote: ${message}`);
    await broadcast(`Client #${params.client_id} says: ${message}`);
  }
  await broadcast(`Client #${params.client_id} left the chat`);
});
