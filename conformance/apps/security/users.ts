import { scryptSync, timingSafeEqual } from "node:crypto";
import { z } from "zod";

/** A user as clients see one. */
export const User = z
  .object({
    username: z.string(),
    email: z.string().nullable().default(null),
    full_name: z.string().nullable().default(null),
    disabled: z.boolean().nullable().default(null),
  })
  .meta({ id: "User" });

interface StoredUser extends z.infer<typeof User> {
  /** Salt and hash. */
  readonly password: string;
}

export const users: ReadonlyMap<string, StoredUser> = new Map(
  [
    {
      username: "johndoe",
      full_name: "John Doe",
      email: "johndoe@example.com",
      disabled: false,
      password: "c2FsdCBvZiBzZWNyZXQ.BPCl6npRNzORDA4dINAn7oQsLCqvZkjawGQb_HfdxfQ",
    },
    {
      username: "alice",
      full_name: "Alice Chains",
      email: "alicechains@example.com",
      disabled: true,
      password: "c2FsdCBvZiBzZWNyZXRhbGljZQ.n3jChiTrvifpuewMRsHS9YxHJlkbmRT4HYUql1fD4ZU",
    },
  ].map((user) => [user.username, user]),
);

const nobody = { password: "c2FsdA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };

/** Whether the password is the user's. Blocks, and takes just as long when there is no such user. */
export function checkPassword(username: string, password: string): boolean {
  const { password: stored } = users.get(username) ?? nobody;
  const [salt = "", hash = ""] = stored.split(".");
  const expected = Buffer.from(hash, "base64url");
  return timingSafeEqual(scryptSync(password, Buffer.from(salt, "base64url"), expected.length), expected);
}
