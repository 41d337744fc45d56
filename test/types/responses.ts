import { App, html } from "offloop";
import { z } from "zod";

/** Compiled by `npm run check`, never run: each `@ts-expect-error` is a mistake that must not compile. */
const app = new App();
const Token = z.object({ access_token: z.string(), token_type: z.literal("bearer") });
const Pet = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("cat"), lives: z.int() }),
  z.object({ kind: z.literal("dog"), tricks: z.array(z.string()) }),
]);

// Literals and tuples are what the schema says, without `as const`, with and without a context.
app.post("/token", { response: Token }, async () => ({ access_token: "x", token_type: "bearer" }));
app.post("/plain", { response: Token }, () => ({ access_token: "x", token_type: "bearer" }));
app.post("/tokens", { response: z.array(Token) }, async ({ request }) => {
  if (request.url === "") return [];
  return [{ access_token: request.id, token_type: "bearer" }];
});
app.get("/pet", { response: Pet }, ({ request }) =>
  request.id === "" ? { kind: "cat", lives: 9 } : { kind: "dog", tricks: [] },
);
app.get("/pair", { response: z.tuple([z.string(), z.number()]) }, async () => ["x", 1]);
app.get("/pets", { response: Pet }, async function* () {
  yield { kind: "cat", lives: 9 };
});
app.get("/page", { response: Pet }, async () => html("<h1>Pet</h1>"));

// @ts-expect-error another literal
app.post("/token", { response: Token }, async () => ({ access_token: "x", token_type: "basic" }));
// @ts-expect-error a field of another type
app.get("/pet", { response: Pet }, () => ({ kind: "cat", lives: "nine" }));
// @ts-expect-error the field of another alternative
app.get("/pet", { response: Pet }, async () => ({ kind: "dog", lives: 9 }));
// @ts-expect-error a forgotten await
app.get("/pet", { response: Pet }, async () => ({ kind: "cat", lives: Promise.resolve(9) }));
// @ts-expect-error an item that does not fit
app.get("/pets", { response: Pet }, async function* () {
  yield { kind: "cat" };
});

// Read-only data is only read.
const Order = z.object({
  id: z.int(),
  at: z.date(),
  kinds: z.array(z.enum(["book", "tea"])),
  parts: z.array(z.tuple([z.string(), z.number()])),
});
interface KeptOrder {
  readonly id: number;
  readonly at: Date;
  readonly kinds: readonly ("book" | "tea")[];
  readonly parts: readonly (readonly [string, number])[];
}
declare const order: KeptOrder;
app.get("/order", { response: Order }, async () => order);
app.get("/orders", { response: z.array(Order) }, (): readonly KeptOrder[] => [order]);
app.get("/orders", { response: z.array(Order) }, async function* () {
  yield [order] as const;
});
app.get("/maybe", { response: Order.nullable() }, async ({ request }) => (request.url === "" ? null : order));
// @ts-expect-error a field of another type
app.get("/order", { response: Order }, async () => ({ ...order, kinds: ["coffee"] as const }));
// @ts-expect-error a class is more than its fields
app.get("/order", { response: Order }, async () => ({ ...order, at: { getTime: () => 1 } }));
