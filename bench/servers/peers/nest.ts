import "reflect-metadata";
import { Controller, Get, Module, Param, Res } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import type { FastifyReply } from "fastify";
import { announce } from "../report.ts";
import { computeAndNote, greeting, waitAndNote, work } from "./routes.ts";

class Peer {
  async greet(): Promise<unknown> {
    return greeting;
  }

  async compute(): Promise<unknown> {
    return work["/compute"]?.();
  }

  async short(): Promise<unknown> {
    return work["/short"]?.();
  }

  async slow(): Promise<unknown> {
    return work["/slow"]?.();
  }

  async runaway(): Promise<unknown> {
    return work["/runaway"]?.();
  }

  async addAsync(id: string, reply: FastifyReply): Promise<unknown> {
    reply.raw.once("finish", () => void waitAndNote(id));
    return greeting;
  }

  async addPlain(id: string, reply: FastifyReply): Promise<unknown> {
    reply.raw.once("finish", () => computeAndNote(id));
    return greeting;
  }
}

class PeerModule {}

// Does what decorators would do: they are of TypeScript's older kind, which this project does not compile.
const { prototype } = Peer;
for (const [name, path] of [
  ["greet", "/"],
  ["compute", "/compute"],
  ["short", "/short"],
  ["slow", "/slow"],
  ["runaway", "/runaway"],
  ["addAsync", "/tasks/async/:id"],
  ["addPlain", "/tasks/plain/:id"],
] as const) {
  Get(path)(
    prototype,
    name,
    Object.getOwnPropertyDescriptor(prototype, name) as TypedPropertyDescriptor<unknown>,
  );
  if (!path.endsWith(":id")) continue;
  Param("id")(prototype, name, 0);
  Res({ passthrough: true })(prototype, name, 1);
}
Controller()(Peer);
Module({ controllers: [Peer] })(PeerModule);

const app = await NestFactory.create(PeerModule, new FastifyAdapter(), { logger: false });
await app.listen(0, "127.0.0.1");
announce(await app.getUrl());
