import type { Inputs } from "../app/inputs.ts";
import type { DeclaredSecurityScheme } from "../app/security-scheme.ts";
import type { ResolvedSession } from "../app/session.ts";
import { isSchema, refuses } from "../schema/schema.ts";

/** Whether a request without a session is answered with 401: whether a declared value is required. */
export function isSessionRequired(inputs: readonly Pick<Inputs, "session">[]): boolean {
  return inputs.some(({ session = {} }) =>
    isSchema(session) ? refuses(session, {}) : Object.values(session).some((one) => refuses(one, undefined)),
  );
}

/** The cookie of the session, as a security scheme. An app that keeps no sessions may be mounted in one that does. */
export function sessionScheme(session: Pick<ResolvedSession, "cookie"> | undefined): DeclaredSecurityScheme {
  const name = session?.cookie ?? "session";
  return { schemeName: "session", definition: { type: "apiKey", in: "cookie", name } };
}
