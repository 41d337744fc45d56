/** An answer and how long it took. */
export interface Answer<Body = unknown> {
  readonly body: Body;
  readonly ms: number;
}

/** Sends one request. Anything but a success is an error: the experiments are about time. */
export async function get<Body = unknown>(url: string): Promise<Answer<Body>> {
  const sentAt = performance.now();
  const response = await fetch(url);
  const text = await response.text();
  const ms = performance.now() - sentAt;
  if (!response.ok) throw new Error(`GET ${url} answered ${response.status}: ${text}`);
  return { body: JSON.parse(text) as Body, ms };
}

/** Sends many requests, at most this many at a time. */
export async function getMany<Body = unknown>(
  url: string,
  count: number,
  atATime: number = count,
): Promise<Answer<Body>[]> {
  const answers: Answer<Body>[] = [];
  let sent = 0;
  const askInTurn = async (): Promise<void> => {
    while (sent++ < count) answers.push(await get<Body>(url));
  };
  await Promise.all(Array.from({ length: Math.min(count, atATime) }, askInTurn));
  return answers;
}
