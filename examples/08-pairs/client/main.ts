import { parseArgs } from "node:util";
import { mariadbInstall } from "../servers/mariadb.ts";
import { postgresInstall } from "../servers/postgres.ts";
import { startApp } from "./app-process.ts";
import { type Backends, startBackends } from "./backends.ts";
import { type Measured, measure, type Stage } from "./measure.ts";
import { pairsFor } from "./pair.ts";
import { pairHead, tableHead, tableLine } from "./table.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
    "without-servers": { type: "boolean", default: false },
  },
});
const seconds = Number(values.seconds);
if (!(seconds >= 0.2 && seconds <= 10)) {
  console.error(`Cannot use --seconds ${values.seconds}: expected a number of 0.2 to 10`);
  process.exit(2);
}

/** The table grows while it is measured, unless everything is to be one JSON document. */
const print = values.json ? () => {} : (text: string) => console.log(text);

const backends = await startBackends(seconds, values["without-servers"]);
try {
  const app = await startApp(backends.environment);
  try {
    print(`Waits of ${seconds} s; ${app.url}`);
    const measured = await measureAll({ app, backends, seconds });
    const held = measured.every(({ expected }) => expected.every(({ held }) => held));
    print(`\n${lacking(backends)}${held ? "Every expectation held." : "Not every expectation held: see ✗."}`);
    for (const line of app.said) print(`The app's log: ${line}`);
    if (values.json)
      console.log(
        JSON.stringify({ held, seconds, servers: backends.names, measured, said: app.said }, null, 2),
      );
    process.exitCode = held ? 0 : 1;
  } catch (error) {
    console.error(app.said.join("\n"));
    throw error;
  } finally {
    await app.close();
  }
} finally {
  await backends.stop();
}

async function measureAll(stage: Stage): Promise<Measured[]> {
  const measured: Measured[] = [];
  print(tableHead());
  for (const pair of pairsFor(stage.backends.names)) {
    print(pairHead(pair));
    for (const way of pair.ways) {
      const found = await measure(stage, way);
      measured.push(found);
      print(tableLine(found));
    }
  }
  return measured;
}

/** What was not measured, or not with the real server, and how to get it. */
function lacking({ names }: Backends): string {
  const lines = [
    names.postgres === "PGlite" && `PostgreSQL is not here, PGlite stood in for it: ${postgresInstall}`,
    names.mysql === undefined && `MySQL was not measured: ${mariadbInstall}`,
  ];
  return lines
    .filter((line) => line !== false)
    .map((line) => `${line}\n`)
    .join("");
}
