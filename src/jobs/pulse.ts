import type { Claim } from "./store.ts";

/** Says that attempts go on, so that nobody else runs their jobs. */
export interface Pulse {
  add(claim: Claim): void;
  remove(claim: Claim): void;
  close(): Promise<void>;
}

/** Where nobody else could run them: in a folder that this process alone has open, in a test. */
export const noPulse: Pulse = { add: () => {}, remove: () => {}, close: async () => {} };
