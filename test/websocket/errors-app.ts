import { App, depends, HTTPError, text, ValidationError, WebSocketError } from "offloop";
import { z } from "zod";

/** What handlers throw, and error handlers that answer in every form there is. */
class InText extends Error {}
class Bodyless extends Error {}
class InStream extends Error {}
class InJson extends Error {}
class Fine extends Error {}
class OwnCode extends Error {}
class Planned extends Error {}

const app = new App({
  session: { secret: "a secret of thirty-two characters" },
  threads: { max: 2, reserve: 0 },
});
app.onError(InText, async () => text("I am a teapot", { status: 418 }));
app.onError(Bodyless, async (_error, { response }) => {
  response.status = 204;
});
app.onError(InStream, async (_error, { response }) => {
  response.status = 400;
  return (async function* () {
    yield "never asked for";
  })();
});
app.onError(InJson, async (_error, { response }) => {
  response.status = 409;
  return { message: "taken" };
});
app.onError(Fine, () => text("fine", { status: 200 }));
app.onError(OwnCode, async () => {
  throw new WebSocketError(3009, "moved");
});
app.onError(Planned, () => {
  throw new WebSocketError(3010, "from a thread");
});
// As docs/handling-errors.md has it.
app.onError(ValidationError, async ({ details }, { response }) => {
  response.status = 422;
  return { errors: details.map(({ msg }) => msg) };
});

const kinds: Readonly<Record<string, () => Error>> = {
  text: () => new InText(),
  bodyless: () => new Bodyless(),
  stream: () => new InStream(),
  json: () => new InJson(),
  fine: () => new Fine(),
  own: () => new OwnCode(),
  planned: () => new Planned(),
  code: () => new WebSocketError(3001, "mine"),
  refused: () => new HTTPError(403, "no"),
  mistake: () => new Error("stays here"),
};
const fail = (kind: string): never => {
  throw (kinds[kind] as () => Error)();
};

const message = z.object({ kind: z.string() });
app.websocket("/whole/fails", { message }, async ({ socket }) => {
  for await (const one of socket) fail(one.kind);
});
for (const lane of ["loop", "thread"] as const)
  app.websocket(
    `/${lane}/fails`,
    { message, runs: lane },
    { message: ({ message: { kind } }) => fail(kind) },
  );
app.websocket("/opens/:kind", { open: async ({ params }) => fail(params.kind), message: async () => {} });
app.websocket("/closes/:kind", { message: async () => {}, close: async ({ params }) => fail(params.kind) });
for (const lane of ["loop", "thread"] as const)
  app.websocket(
    `/${lane}/floods`,
    { runs: lane },
    {
      message: function* () {
        for (;;) yield "x".repeat(10_000);
      },
    },
  );
app.websocket("/whole/floods", async ({ socket }) => {
  for (;;) await socket.send("x".repeat(10_000));
});
app.get("/closing-code", async () => fail("code"));

const counts = depends(({ session }) => Object.keys(session).length);
for (const lane of ["loop", "thread"] as const) {
  app.websocket(
    `/${lane}/session`,
    { runs: lane },
    {
      open: async ({ session }) => {
        session.user = "ada";
        session.list = [1];
      },
      message: ({ message: asked, session }) => {
        if (asked === "change") session.user = "eve";
        if (asked === "change within") (session.list as number[]).push(2);
        return session;
      },
    },
  );
  app.websocket(
    `/${lane}/unseen`,
    { runs: lane },
    {
      message: ({ message: asked, session }) => {
        if (asked === "change") session.user = "eve";
        return session;
      },
    },
  );
  app.websocket(
    `/${lane}/declared`,
    { runs: lane, session: { user: z.string().default("nobody") }, deps: { counts } },
    { message: ({ session, counts: count }) => ({ user: session.user, count }) },
  );
}
/** For requests as well, where its headers are sent when it closes. */
const timed = depends(async function* ({ response }) {
  yield "timed";
  response.headers.set("server-timing", "all");
});
const timedThere = depends(function* ({ response }) {
  response.headers.set("x-there", "yes");
  yield "timed";
});
class InHeaders extends Error {}
app.onError(InHeaders, async (_error, { response }) => {
  response.headers.set("x-error", "yes");
  response.status = 409;
  return "in headers";
});
app.websocket("/whole/headers", { deps: { timed } }, async ({ socket, session, response }) => {
  for await (const asked of socket) {
    if (asked === "header") response.headers.set("x-late", "yes");
    if (asked === "session") session.user = "eve";
    if (asked === "handler") throw new InHeaders();
    await socket.send("ok");
  }
});
for (const lane of ["loop", "thread"] as const)
  app.websocket(
    `/${lane}/headers`,
    { runs: lane, deps: { timed, timedThere } },
    {
      open: async ({ response }) => response.headers.set("x-open", "yes"),
      message: ({ message: asked, response }) => {
        if (asked === "header") response.headers.append("x-late", "yes");
        if (asked === "cookie") response.setCookie("late", "yes");
        if (asked === "handler") throw new InHeaders();
        return "ok";
      },
      close: async ({ response, code }) => {
        if (code === 3001) response.deleteCookie("seen");
      },
    },
  );

app.post("/session", async ({ session }) => {
  session.user = "bob";
});

export default app;
