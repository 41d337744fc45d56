import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../servers/free-port.ts";

const rules = fileURLToPath(new URL("../../operating/alerts.yml", import.meta.url));

/** Why Prometheus is unavailable here; undefined when it is available. */
export function withoutPrometheus(): string | undefined {
  const { error } = spawnSync("prometheus", ["--version"]);
  return error && "Prometheus is not installed: Debian's package prometheus has it";
}

/** A series at one moment. */
interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  /** Seconds since 1970, and the value as text. */
  readonly value: readonly [number, string];
}

/** A series over a time. */
interface Matrix {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

/** A real Prometheus that scrapes a server and evaluates the alert rules of the package. */
export class Prometheus implements AsyncDisposable {
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #url: string;

  private constructor(folder: string, child: ChildProcess, url: string) {
    this.#folder = folder;
    this.#child = child;
    this.#url = url;
  }

  /**
   * Starts it. Resolves when it has scraped the server twice.
   *
   * @param target - URL that answers `/metrics`.
   * @param intervalS - Seconds between scrapes, and between evaluations.
   */
  static async start(target: string, intervalS: number): Promise<Prometheus> {
    const folder = mkdtempSync(join(tmpdir(), "offloop-prometheus-"));
    const config = {
      global: { scrape_interval: `${intervalS}s`, evaluation_interval: `${intervalS}s` },
      rule_files: [rules],
      scrape_configs: [{ job_name: "offloop", static_configs: [{ targets: [new URL(target).host] }] }],
    };
    writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(config)); // YAML is a superset of JSON
    const address = `127.0.0.1:${await freePort()}`;
    const args = [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`];
    const child = spawn("prometheus", [...args, `--web.listen-address=${address}`, "--log.level=error"], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    process.once("exit", () => child.kill());
    const prometheus = new Prometheus(folder, child, `http://${address}`);
    await prometheus.#whenScraped();
    return prometheus;
  }

  async #whenScraped(): Promise<void> {
    for (;;) {
      if (this.#child.exitCode !== null) throw new Error(`prometheus ended with ${this.#child.exitCode}`);
      if (((await this.value("count_over_time(up[1h])").catch(() => 0)) ?? 0) >= 2) return;
      await wait(100);
    }
  }

  /** The series that an expression currently returns. */
  async query(expression: string): Promise<readonly Sample[]> {
    return (await this.#ask(expression)) as readonly Sample[];
  }

  /** The single value that an expression currently returns; undefined when it returns none. */
  async value(expression: string): Promise<number | undefined> {
    const [sample] = await this.query(expression);
    return sample && Number(sample.value[1]);
  }

  /** The scraped values of each series, in order: an expression with a range. */
  async values(range: string): Promise<readonly (readonly number[])[]> {
    const series = (await this.#ask(range)) as readonly Matrix[];
    return series.map(({ values }) => values.map(([, value]) => Number(value)));
  }

  /** When an alert fired: milliseconds since 1970, for each evaluation in which it did. */
  async firings(alert: string): Promise<readonly number[]> {
    const series = (await this.#ask(
      `ALERTS{alertstate="firing",alertname="${alert}"}[1h]`,
    )) as readonly Matrix[];
    return series.flatMap(({ values }) => values.map(([seconds]) => seconds * 1000)).sort((a, b) => a - b);
  }

  /** When the server was scraped, in milliseconds since 1970. */
  async scrapes(): Promise<readonly number[]> {
    const series = (await this.#ask("up[1h]")) as readonly Matrix[];
    return series.flatMap(({ values }) => values.map(([seconds]) => seconds * 1000));
  }

  async #ask(expression: string): Promise<unknown> {
    const query = new URLSearchParams({ query: expression });
    const response = await fetch(`${this.#url}/api/v1/query?${query}`);
    const { status, error, data } = (await response.json()) as {
      status: string;
      error?: string;
      data?: { result: unknown };
    };
    if (status !== "success") throw new Error(`${expression}: ${error}`);
    return data?.result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) {
      const exited = once(this.#child, "exit");
      this.#child.kill("SIGTERM");
      await exited;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
