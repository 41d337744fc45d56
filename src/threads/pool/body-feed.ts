import { HTTPError } from "../../errors/http-error.ts";
import { OffloopError } from "../../errors/offloop-error.ts";
import type { ArrivingBody, EndedBy } from "../../operation/raw.ts";
import { BodyEnd, BodyWriter } from "../crossing/body-ring.ts";

/** Sends a body to the thread that asks for it. Returns the memory where the thread finds it. */
export function feedBody(body: ArrivingBody): SharedArrayBuffer {
  const ring = new BodyWriter();
  body.onClose(() => ring.close(body.endedBy));
  void feed(ring, body);
  return ring.memory;
}

async function feed(ring: BodyWriter, body: ArrivingBody): Promise<void> {
  await ring.wanted();
  try {
    while (!ring.isClosed) {
      const piece = await body.next();
      if (piece === undefined) return ring.end(BodyEnd.whole);
      await ring.write(piece);
    }
  } catch (error) {
    ring.end(endOf(error, body.endedBy));
  }
}

function endOf(error: unknown, by: EndedBy): BodyEnd {
  if (error instanceof OffloopError) return BodyEnd.read;
  if (error instanceof HTTPError) return error.status === 413 ? BodyEnd.tooLarge : BodyEnd.broken;
  return BodyEnd[by];
}
