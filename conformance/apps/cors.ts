import cors from "@fastify/cors";
import { createApp } from "../lane.ts";

export const tutorial001 = createApp();
tutorial001.register(cors, {
  origin: [
    "http://localhost.tiangolo.com",
    "https://localhost.tiangolo.com",
    "http://localhost",
    "http://localhost:8080",
  ],
  credentials: true,
  methods: ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"],
  maxAge: 600,
});
tutorial001.get("/", async () => ({ message: "Hello World" }));
