import { type } from "arktype";
import { App, type Context, depends, Router } from "offloop";
import { httpBearer, passwordForm, securityScopes } from "offloop/security";
import * as v from "valibot";
import { z } from "zod";

/** Compiled by `npm run check`, never run: where an `any` gets in, the call that names its place does not compile. */
type IsAny<T> = 0 extends 1 & T ? true : false;
/** Names of `T`, and of objects in it, that hold an `any`. Classes of the platform count as one value. */
type AnyIn<T, Name extends string> =
  IsAny<T> extends true
    ? Name
    : T extends Date | File | Uint8Array | AbortSignal | Headers | ((...args: never) => unknown)
      ? never
      : T extends object
        ? { [Key in keyof T & string]-?: AnyIn<T[Key], `${Name}.${Key}`> }[keyof T & string]
        : never;
function hasNoAny<T>(
  _value: T,
  ..._: [AnyIn<T, "context">] extends [never] ? [] : [AnyIn<T, "context">]
): void {}

// It finds what it is to find.
// @ts-expect-error an any in the middle
hasNoAny({ a: { b: JSON.parse("1"), c: 1 } });

const app = new App();
const leaking = depends(async () => JSON.parse("1"));
app.get("/leaking", { query: { q: z.any() }, deps: { leaking } }, async ({ query, leaking }) => {
  // @ts-expect-error the schema says any
  hasNoAny({ query });
  // @ts-expect-error the dependency gives any
  hasNoAny({ leaking });
});
const Address = z.object({ street: z.string(), lines: z.array(z.object({ text: z.string() })) });
const Person = z.object({
  name: z.string(),
  address: Address.optional(),
  friends: z.record(z.string(), Address),
  extra: z.unknown(),
});

app.get("/bare", async (context) => hasNoAny(context));
app.get("/plain", (context) => hasNoAny(context));
app.get("/path/:id/*", async (context) => hasNoAny(context));
app.post(
  "/everything/:id/:rest",
  {
    params: { id: z.int() },
    query: { skip: z.int().default(0), tags: z.array(z.string()), at: z.coerce.date().optional() },
    headers: { x_token: z.string().transform((token) => ({ token })) },
    cookies: { session: z.string().nullable() },
    body: Person,
    response: Person,
  },
  async (context) => {
    hasNoAny(context);
    return context.body;
  },
);
app.post("/bodies", { body: { person: Person, count: z.int() } }, (context) => hasNoAny(context));
app.get("/models", { query: Person, headers: Person, cookies: Person }, (context) => hasNoAny(context));
app.post("/form", { form: { file: z.file(), files: z.array(z.file()), note: z.string() } }, (context) =>
  hasNoAny(context),
);
app.post("/login", { form: passwordForm }, async (context) => hasNoAny(context));
app.post(
  "/libraries",
  {
    query: { v: v.pipe(v.string(), v.minLength(2)), a: type("string.numeric.parse") },
    body: v.object({ n: v.number() }),
  },
  (context) => hasNoAny(context),
);

const database = depends(function* () {
  yield new Map<string, { readonly name: string }>();
});
const session = depends(async function* (context) {
  hasNoAny(context);
  yield { id: 1 };
});
const user = depends(
  {
    params: { id: z.int() },
    query: { as: z.string().optional() },
    headers: { x_user: z.string() },
    deps: { database, session, token: httpBearer({ autoError: false }), demanded: securityScopes },
  },
  (context) => {
    hasNoAny(context);
    return context.database.get(context.headers.x_user);
  },
);
app.get("/needs/:id", { deps: { user, database, session } }, async (context) => hasNoAny(context));
app.get("/declared", async (context: Context) => hasNoAny(context));

const router = new Router({ deps: { user } });
router.get("/:id", async (context) => hasNoAny(context));
router.get("/:id/both", { deps: { session } }, (context) => hasNoAny(context));

const task = app.task("double", (value: number) => ({ value: value * 2 }));
app.get("/task", async () => hasNoAny(await task(1)));
app.onError(TypeError, async (error, context) => {
  hasNoAny(error.message);
  hasNoAny(context);
});
