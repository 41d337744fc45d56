/**
 * Memory shared by the pool and one thread: whether the thread is loading a native addon. It is not ended meanwhile: many
 * addons, all those made with node-addon-api, abort the process when a call of theirs into Node fails while they are being
 * loaded, and once a thread is being ended every call fails.
 */
export type LoadLock = Int32Array<SharedArrayBuffer>;

const [IDLE, LOADING, ENDING] = [0, 1, 2];

export function createLoadLock(): LoadLock {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

/** Thread: holds the lock while an addon is loaded. */
export function lockWhileLoading(lock: LoadLock): void {
  const { dlopen } = process;
  process.dlopen = (...given) => {
    const before = Atomics.compareExchange(lock, 0, IDLE, LOADING);
    if (before === ENDING) Atomics.wait(lock, 0, ENDING); // for the end
    try {
      Reflect.apply(dlopen, process, given);
    } finally {
      if (before === IDLE) unlock(lock); // else one addon loads another
    }
  };
}

function unlock(lock: LoadLock): void {
  Atomics.store(lock, 0, IDLE);
  Atomics.notify(lock, 0);
}

/** Pool: from now on the thread loads no addon. False while it is loading one. */
export function preventLoading(lock: LoadLock): boolean {
  return Atomics.compareExchange(lock, 0, IDLE, ENDING) !== LOADING;
}

/** Pool: resolves when the thread has loaded the addon that it is loading. */
export async function hasLoaded(lock: LoadLock): Promise<void> {
  await Atomics.waitAsync(lock, 0, LOADING).value;
}
