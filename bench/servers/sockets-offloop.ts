import { App, serve } from "offloop";
import { z } from "zod";
import { announce } from "./report.ts";
import { burn } from "./work.ts";

const app = new App();
const Message = z.object({ id: z.int(), text: z.string() });
app.get("/", async () => ({ hello: "world" }));
app.websocket("/echo", { message: async ({ message }) => message });
app.websocket("/whole", async ({ socket }) => {
  for await (const message of socket) await socket.send(message);
});
app.websocket("/checked", { message: Message, send: Message }, { message: async ({ message }) => message });
app.websocket("/plain", { message: ({ message }) => message });
app.websocket("/work", {
  message: ({ message }) => {
    burn();
    return message;
  },
});

const server = await serve(app, { port: 0, accessLog: false, logLevel: "silent" });
announce(server.url, () => server.threads);
