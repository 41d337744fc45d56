import type { Ask, Asker } from "./asker.ts";
import type { Random } from "./random.ts";

const PAUSE_MS = 20;

const asks: readonly ((random: Random) => Ask)[] = [
  (random) => ({ path: `/echo/thread/${random.below(1e9)}`, right: [200] }),
  (random) => ({ path: `/echo/thread/${random.below(1e9)}`, right: [200] }),
  (random) => ({ path: `/echo/loop/${random.below(1e9)}`, right: [200] }),
  (random) => ({ path: `/hash/${random.below(1e9)}`, right: [200] }),
  (random) => ({ path: `/background/${random.below(1e9)}`, right: [200] }),
  (random) => ({ path: `/bytes/${random.below(300_000)}`, right: [200] }),
  (random) => ({
    path: "/length",
    body: JSON.stringify(Array.from({ length: random.below(20_000) }, (_, n) => n)),
    right: [200],
  }),
  () => ({ path: "/length", body: "[1,", right: [422] }),
  () => ({ path: "/nowhere", right: [404] }),
  () => ({ path: "/page", right: [409] }),
  (random) => ({ path: "/events", right: [200], hangUpMs: 20 + random.below(300) }),
  (random) => upload(`/upload/${random.pick(["thread", "loop"])}`, random.below(3_000_000)),
];

/** One whole file, in memory or on disk. The answer says so when others have filled the disk. */
export function upload(path: string, size: number): Ask {
  const opening = `--b\r\nContent-Disposition: form-data; name="upload"; filename="a.bin"\r\n\r\n`;
  return {
    path,
    body: `${opening}${"x".repeat(size)}\r\n--b--\r\n`,
    type: "multipart/form-data; boundary=b",
    right: [200, 507],
  };
}

/** A client that sends one ordinary request after another. After a refusal it waits a moment, as clients should. */
export async function askOnAndOn(ask: Asker, random: Random, goesOn: () => boolean): Promise<void> {
  while (goesOn()) {
    const status = await ask(random.pick(asks)(random));
    if (status === 503) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
