import { existsSync } from "node:fs";
import { type TestClient, type TestClientOptions, testClient } from "offloop/testing";
import { otherCapabilities, reasons } from "./chapters.ts";
import { difference } from "./compare.ts";
import { documentDifference, documentReasons, isDocument } from "./compare-openapi.ts";
import { ReplayedSocket } from "./replayed-socket.ts";
import { createRequest } from "./request.ts";
import { countLater, emptyTally, type Tally } from "./tally.ts";
import { appNames, type Case, type Chapter, type Exchange, environmentOf } from "./vector.ts";

/** Replays a chapter against its apps. */
export async function replayChapter(chapter: Chapter): Promise<Tally> {
  const tally = emptyTally(chapter);
  const capability = otherCapabilities[chapter.chapter];
  if (capability !== undefined) {
    countLater(tally, capability, tally.exchanges);
    return tally;
  }
  const module = new URL(`./apps/${chapter.chapter.replace(/_$/, "")}.ts`, import.meta.url);
  const apps = existsSync(module) ? ((await import(module.href)) as Record<string, unknown>) : {};
  for (const name of new Set(chapter.cases.flatMap(appNames))) {
    const cases = chapter.cases.filter((one) => appNames(one).includes(name));
    if (name in apps) await replayApp({ chapter, name, tally }, module, cases);
    else
      for (const { exchanges } of cases)
        tally.different.push(...exchanges.map((one) => `${where(chapter, name, one)}: no app`));
  }
  return tally;
}

interface ReplayedApp {
  readonly chapter: Chapter;
  readonly name: string;
  readonly tally: Tally;
}

/** The cases of an app share one instance of it, except those recorded in an environment of their own. */
async function replayApp(app: ReplayedApp, module: URL, cases: Case[]): Promise<void> {
  const [shared, apart] = [cases.filter((one) => !environmentOf(one)), cases.filter(environmentOf)];
  const replay = async (url: URL, some: readonly Case[]): Promise<void> => {
    await using clients = new Clients(url);
    for (const one of some) await replayCase(app, one, clients);
  };
  if (shared.length > 0) await replay(new URL(`#${app.name}`, module), shared);
  for (const one of apart) {
    const [variable, value] = environmentOf(one) as [string, string];
    const before = process.env[variable];
    process.env[variable] = value;
    // Another URL is another module: the app is made again, in this environment.
    await replay(new URL(`?${variable}#${app.name}`, module), [one]);
    if (before === undefined) delete process.env[variable];
    else process.env[variable] = before;
  }
}

/** The clients of an app: one for everything sent under the same circumstances. */
class Clients implements AsyncDisposable {
  readonly #url: URL;
  readonly #open = new Map<string, TestClient>();

  constructor(url: URL) {
    this.#url = url;
  }

  async for({
    request: { root_path: rootPath, origin },
    dependency_overrides: names = [],
  }: Exchange): Promise<TestClient> {
    const key = JSON.stringify([rootPath, origin !== undefined, names]);
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    const client = await testClient(this.#url, {
      ...(rootPath === undefined ? {} : { rootPath }),
      ...(origin === undefined ? {} : { trustProxy: true }),
      overrides: await this.#overrides(names),
    });
    this.#open.set(key, client);
    return client;
  }

  /** What the app's module exports under the names in the recording. */
  async #overrides(names: readonly string[]): Promise<NonNullable<TestClientOptions["overrides"]>> {
    if (names.length === 0) return [];
    const { overrides = {} } = (await import(this.#url.href.replace(/#.*$/, ""))) as {
      overrides?: Record<string, NonNullable<TestClientOptions["overrides"]>[number]>;
    };
    return names.map((name) => {
      const found = overrides[name];
      if (found === undefined)
        throw new Error(`Cannot replay ${this.#url}: it exports no override "${name}"`);
      return found;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#open.values()) await client.close();
  }
}

async function replayCase(
  { chapter, name, tally }: ReplayedApp,
  { exchanges }: Case,
  clients: Clients,
): Promise<void> {
  const received: unknown[] = [];
  const sockets = exchanges.filter(({ kind }) => kind === "websocket");
  for (const [index, found] of (await socketDifferences(chapter, sockets, clients)).entries())
    count(tally, "equal", `${chapter.chapter} ${name} WebSocket ${sockets[index]?.request.url}`, found);
  for (const exchange of exchanges) {
    if (exchange.kind === "websocket") {
      received.push(undefined);
      continue;
    }
    const { method, url } = exchange.request;
    const client = await clients.for(exchange);
    const response = await client.request(method, url, createRequest(chapter, exchange, received));
    received.push(
      await response
        .clone()
        .json()
        .catch(() => undefined),
    );
    const at = where(chapter, name, exchange);
    const recorded = exchange.response.body?.json;
    if (!isDocument(recorded)) count(tally, "equal", at, await difference(exchange, response));
    else count(tally, "documents", at, documentDifference(received.at(-1), recorded));
  }
}

/** The sockets of a case are open at once, since one may receive what another sends. */
async function socketDifferences(
  chapter: Chapter,
  exchanges: readonly Exchange[],
  clients: Clients,
): Promise<(string | undefined)[]> {
  const opened: ReplayedSocket[] = [];
  for (const exchange of exchanges) {
    const { headers } = createRequest(chapter, exchange, []);
    opened.push(await ReplayedSocket.open(await clients.for(exchange), exchange, headers));
  }
  return Promise.all(opened.map((socket) => socket.difference()));
}

function count(tally: Tally, kind: "equal" | "documents", where: string, found: string | undefined): void {
  const reason = reasons[where] ?? documentReasons[where];
  if (found === undefined) tally[kind]++;
  else if (reason !== undefined) {
    tally.reasoned.push(`${where}: ${reason} (${found})`);
    tally.usedReasons.add(where);
  } else tally.different.push(`${where}: ${found}`);
}

function where({ chapter }: Chapter, name: string, { request, response }: Exchange): string {
  return `${chapter} ${name} ${request.method} ${request.url} -> ${response.status}`;
}
