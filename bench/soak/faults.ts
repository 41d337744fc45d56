import assert from "node:assert/strict";
import { connect } from "node:net";
import type { Asker } from "./asker.ts";
import { upload } from "./load.ts";
import type { Random } from "./random.ts";

const EVERY_MS = 400;

/** Does one kind of harm. Resolves when its own request has ended. */
type Fault = (ask: Asker, url: string, random: Random) => Promise<unknown>;

const faults: Readonly<Record<string, Fault>> = {
  endless: (ask) => ask({ path: "/fault/endless", right: [504] }),
  regex: (ask) => ask({ path: "/fault/regex", right: [504] }),
  lateOnLoop: (ask) => ask({ path: "/fault/late-on-loop", right: [504] }),
  exit: (ask) => ask({ path: "/fault/exit", right: [500] }),
  heap: (ask) => ask({ path: "/fault/heap", right: [500] }),
  throwLater: (ask) => ask({ path: "/fault/throw-later", right: [200] }),
  rejectLater: (ask) => ask({ path: "/fault/reject-later", right: [200] }),
  throw: (ask) => ask({ path: "/fault/throw", right: [500] }),
  hangUpRunning: (ask) => ask({ path: "/fault/until-aborted", right: [200], hangUpMs: 100 }),
  hangUpMany: (ask, _url, random) =>
    Promise.all(
      Array.from({ length: 100 }, () =>
        ask({ path: `/hash/${random.below(1e9)}`, right: [200], hangUpMs: 1 + random.below(20) }),
      ),
    ),
  burst: (ask, _url, random) =>
    Promise.all(
      Array.from({ length: 2_000 }, () => ask({ path: `/echo/thread/${random.below(1e9)}`, right: [200] })),
    ),
  fullDisk: (ask) =>
    Promise.all(
      Array.from({ length: 8 }, (_, n) => ask(upload(`/upload/${n % 2 ? "loop" : "thread"}`, 3_500_000))),
    ),
  cutUpload: (_ask, url, random) =>
    sendRaw(url, [uploadHead(3_000_000), Buffer.alloc(random.below(2_900_000), "x")], random.below(100)),
  tooLargeUpload: async (_ask, url) => {
    const received = await sendRaw(url, [uploadHead(5_000_000)]);
    assert.match(received, /^HTTP\/1\.1 413 /);
  },
  garbage: (_ask, url, random) =>
    sendRaw(url, [Buffer.from(Array.from({ length: 200 }, () => random.below(256)))]),
  slowHead: (_ask, url) => sendRaw(url, [Buffer.from("GET / HTTP/1.1\r\nHost: a\r\nX: ")]),
  cutBody: (_ask, url) =>
    sendRaw(url, [Buffer.from("POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n[1,2")]),
};

/** Does harm at random, over and over. */
export async function doHarm(
  ask: Asker,
  url: string,
  random: Random,
  goesOn: () => boolean,
): Promise<Map<string, number>> {
  const done = new Map<string, number>();
  const names = Object.keys(faults);
  const under: Promise<unknown>[] = [];
  while (goesOn()) {
    const name = random.pick(names);
    done.set(name, (done.get(name) ?? 0) + 1);
    under.push((faults[name] as Fault)(ask, url, random));
    await new Promise((resolve) => setTimeout(resolve, random.below(2 * EVERY_MS)));
  }
  await Promise.all(under);
  return done;
}

/** The beginning of a file that claims to be this large. */
function uploadHead(length: number): Buffer {
  return Buffer.from(
    `POST /upload/loop HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: ${length}` +
      `\r\n\r\n--b\r\nContent-Disposition: form-data; name="upload"; filename="a.bin"\r\n\r\n`,
  );
}

/** Sends bytes, and waits until the server has had enough, or leaves after a time. Returns what was received. */
function sendRaw(url: string, parts: readonly Uint8Array[], leaveMs?: number): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let received = "";
    const socket = connect(Number(port), hostname, () => {
      for (const part of parts) socket.write(part);
      if (leaveMs !== undefined) setTimeout(() => socket.resetAndDestroy(), leaveMs);
    });
    socket.on("error", () => {}).on("close", () => resolve(received));
    socket.setEncoding("latin1").on("data", (text: string) => {
      received += text;
    });
  });
}
