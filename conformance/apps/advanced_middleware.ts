import compress from "@fastify/compress";
import { text } from "offloop";
import { httpsRedirect, trustedHosts } from "offloop/security";
import { createApp } from "../lane.ts";

export const tutorial001 = createApp();
tutorial001.around(httpsRedirect());
tutorial001.get("/", async () => ({ message: "Hello World" }));

export const tutorial002 = createApp();
tutorial002.around(trustedHosts(["example.com", "*.example.com"]));
tutorial002.get("/", async () => ({ message: "Hello World" }));

export const tutorial003 = createApp();
tutorial003.register(compress, { threshold: 1_000, encodings: ["gzip"] });
tutorial003.get("/", async () => "somebigcontent");
tutorial003.get("/large", async () => text("x".repeat(4_000)));
