import { randomBytes } from "node:crypto";
import { errors, jwtVerify, SignJWT } from "jose";

const algorithm = "HS256";
// Every thread must have the same key: a real one comes from the environment.
const key = Buffer.from(process.env.TOKEN_KEY ?? "only for this example: 32 bytes or more", "utf8");

/** Whom a token is for, and what its bearer may do. */
export interface Claims {
  readonly username: string;
  readonly scopes: readonly string[];
}

/** A token that is valid for half an hour. */
export function signToken({ username, scopes }: Claims): Promise<string> {
  return new SignJWT({ scope: scopes.join(" ") })
    .setProtectedHeader({ alg: algorithm })
    .setSubject(username)
    .setJti(randomBytes(8).toString("hex"))
    .setIssuedAt()
    .setExpirationTime("30 minutes")
    .sign(key);
}

/** The claims of a token; undefined when it is not ours, or too old. */
export async function readToken(token: string): Promise<Claims | undefined> {
  try {
    const { payload } = await jwtVerify(token, key, { algorithms: [algorithm] });
    if (payload.sub === undefined) return undefined;
    const scopes = String(payload.scope ?? "")
      .split(" ")
      .filter(Boolean);
    return { username: payload.sub, scopes };
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}
