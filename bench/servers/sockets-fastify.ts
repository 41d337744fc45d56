import websocket from "@fastify/websocket";
import { fastify as createFastify } from "fastify";
import { announce } from "./report.ts";
import { burn } from "./work.ts";

const fastify = createFastify({ logger: false });
await fastify.register(websocket);
fastify.get("/", async () => ({ hello: "world" }));
fastify.get("/echo", { websocket: true }, (socket) => {
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
});
// On the loop, since it has no thread for this.
fastify.get("/work", { websocket: true }, (socket) => {
  socket.on("message", (data, isBinary) => {
    burn();
    socket.send(data, { binary: isBinary });
  });
});
const url = await fastify.listen({ host: "127.0.0.1", port: 0 });
announce(url);
