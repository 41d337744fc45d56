import type { ServerResponse } from "node:http";
import { type Access, judgeVisitor, type Visitor } from "./access.ts";
import type { PoolState } from "./batch.ts";
import { Collector } from "./collector.ts";
import { EventStream } from "./event-stream.ts";
import { OtherWorkers, ownPlace } from "./workers.ts";

/** How the inspector is opened. */
interface InspectorOptions {
  /** The app's title. */
  readonly title: string;
  /** With a token, it answers anyone who has it; without one, this machine only. */
  readonly token: string | undefined;
}

/** Watches the lanes of a server, and reports to its pages. */
export interface Inspector {
  judge(visitor: Visitor): Access;
  /** Whether one more page may connect. */
  readonly hasRoom: boolean;
  /** Reports to a page until it goes away. */
  tell(response: ServerResponse): void;
  /** From now on pages see how full the pool is. */
  watchPool(read: () => PoolState | undefined): void;
  /** Ends the pages' streams and stops listening. */
  close(): void;
}

/** Starts listening to the channels. */
export function openInspector({ title, token }: InspectorOptions): Inspector {
  const collector = new Collector();
  const place = ownPlace();
  let readPool: () => PoolState | undefined = () => undefined;
  const told = { title, server: collector.origin, ...place, readPool: () => readPool() };
  const others = place && new OtherWorkers(collector, told);
  const stream = new EventStream(collector, told, others);
  return {
    judge: (visitor) => judgeVisitor(visitor, token),
    get hasRoom() {
      return stream.hasRoom;
    },
    tell: (response) => stream.add(response),
    watchPool: (read) => {
      readPool = read;
    },
    close: () => {
      stream.close();
      others?.close();
      collector.close();
    },
  };
}
