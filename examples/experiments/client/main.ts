import { parseArgs } from "node:util";
import { type AppProcess, startApp } from "./app-process.ts";
import { blocking } from "./blocking.ts";
import { multiplicity } from "./multiplicity.ts";
import { pathOperations } from "./path-operations.ts";
import { allHeld, type Row } from "./row.ts";
import { sectionHead, tableHead, tableLine } from "./table.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "3" }, json: { type: "boolean", default: false } },
});
const seconds = Number(values.seconds);
if (!(seconds >= 0.1 && seconds <= 10)) {
  console.error(`Cannot use --seconds ${values.seconds}: expected a number of 0.1 to 10`);
  process.exit(2);
}

/** The table grows while it is measured, unless everything is to be one JSON document. */
const print = values.json ? () => {} : (text: string) => console.log(text);
/** Some 50 waits, plus the time for starting the database and the threads. */
const estimate = Math.ceil(50 * seconds + 12);

const app = await startApp();
print(`Waits of ${seconds} s, ${app.threads} threads, ${app.database}. Takes about ${estimate} s.`);
print(`Watch the lanes: ${app.url}/_offloop\n`);
try {
  const experiments = await runAll(app);
  const held = experiments.every(({ rows }) => rows.every(allHeld));
  const { threads, database, said } = app;
  print(`\nWhat the app's log said meanwhile:\n${said.map((line) => `  ${line}\n`).join("")}`);
  print(held ? "Every expectation held." : "Not every expectation held: see the lines marked ✗.");
  if (values.json)
    console.log(JSON.stringify({ held, seconds, threads, database, experiments, said }, null, 2));
  process.exitCode = held ? 0 : 1;
} catch (error) {
  console.error(app.said.join("\n"));
  throw error;
} finally {
  await app.close();
}

async function runAll(app: AppProcess): Promise<{ readonly title: string; readonly rows: readonly Row[] }[]> {
  const experiments = [];
  print(tableHead());
  for (const experiment of [pathOperations, multiplicity, blocking]) {
    const { rows, ...section } = experiment(app, seconds);
    print(sectionHead(section));
    const measured: Row[] = [];
    for await (const row of rows) {
      measured.push(row);
      print(tableLine(row));
    }
    experiments.push({ ...section, rows: measured });
  }
  return experiments;
}
