// Node's timers as they are when offloop is loaded. A test may put others in their place, whose clock it moves itself:
// what hands over work, or ends what does not end by itself, has to go on even then. What an app is promised for a time,
// such as a deadline, keeps to the global ones.

const timers = process.getBuiltinModule("node:timers");
const promises = process.getBuiltinModule("node:timers/promises");

export const setImmediate: typeof globalThis.setImmediate = timers.setImmediate;
export const setTimeout: typeof globalThis.setTimeout = timers.setTimeout;
export const clearTimeout: typeof globalThis.clearTimeout = timers.clearTimeout;

/** Resolves in the next turn of the loop. */
export const nextTurn: typeof import("node:timers/promises").setImmediate = promises.setImmediate;

/** Resolves after a time. */
export const wait: typeof import("node:timers/promises").setTimeout = promises.setTimeout;
