import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { App, depends, OffloopError } from "offloop";
import { checkApp } from "../../src/guard/check-app.ts";
import { guard } from "../../src/guard/guard.ts";
import { appFolder } from "../fixtures/app-folder.ts";
import { expectedFindings } from "./expected-findings.ts";
import { app } from "./guarded-app.ts";

const file = fileURLToPath(new URL("./guarded-app.ts", import.meta.url));
let hits = 0;

test("guard() finds what the lines of the app say, and nothing else", () => {
  const found = guard(app).map(({ at, severity, problem }) => ({ line: at.line, severity, problem }));
  const expected = expectedFindings(readFileSync(file, "utf8"));
  assert.deepEqual(
    found.map(({ line, severity }) => `${line} ${severity}`).sort(),
    expected.map(({ line, severity }) => `${line} ${severity}`).sort(),
  );
  for (const { line, does } of expected)
    assert.ok(
      found.some((one) => one.line === line && one.problem.includes(does)),
      `${line}: ${does}`,
    );
});

test("guard() names the functions through which an operation comes to an offence", () => {
  const through = guard(app).find(({ subject }) => subject === "GET /through");
  assert.equal(
    through?.problem,
    'Cannot run GET /through on a thread: it calls countHit, which assigns to "hits", and each thread has its own copy',
  );
  assert.equal(through?.at.file, file);
  assert.equal(through?.code, "OFFLOOP_GUARD_STATE");
});

test("guard() says of what it only warns of where the operation runs and what it does", () => {
  const pushes = guard(app).find(({ subject }) => subject === "GET /push");
  assert.equal(
    pushes?.problem,
    'GET /push runs on a thread and calls push of "items", and each thread has its own copy',
  );
});

test("guard() says of a dependency on a thread what would make it run on the loop", () => {
  const counted = depends(async () => {
    hits++;
  });
  const plain = depends(() => {
    hits++;
  });
  const said = (declare: (app: App) => void): string | undefined => {
    const own = new App();
    declare(own);
    return /or (.*);/.exec(guard(own).find(({ code }) => code === "OFFLOOP_GUARD_STATE")?.fix ?? "")?.[1];
  };
  const why = "run on the loop, as async functions do: what it needs runs on its thread";
  assert.equal(
    said((own) => own.get("/", { deps: { counted } }, () => {})),
    `make GET / ${why}`,
  );
  assert.equal(
    said((own) => own.get("/", { deps: { plain } }, () => {})),
    `make the function async, and GET / ${why}`,
  );
  assert.equal(
    said((own) => own.get("/", { deps: { plain } }, async () => {})),
    "make the function async",
  );
  assert.equal(
    said((own) => own.get("/", { deps: { counted } }, async () => {})),
    undefined,
  );
  assert.equal(
    said((own) =>
      own.get("/", { runs: "thread" }, async () => {
        hits++;
      }),
    ),
    'remove runs: "thread"',
  );
});

test("guard() gives the place of a handler that is declared elsewhere than it is added", () => {
  const elsewhere = (): void => {
    hits++; // here
  };
  const own = new App();
  own.get("/", elsewhere);
  const [finding] = guard(own);
  const line = readFileSync(import.meta.filename, "utf8")
    .split("\n")
    .findIndex((text) => text.endsWith("// here"));
  assert.deepEqual(finding?.at, { file: import.meta.filename, line: line + 1, column: 5 });
});

test("guard() checks methods, and leaves alone what it cannot read", () => {
  const own = new App();
  const controller = {
    count() {
      hits++;
    },
  };
  own.get("/method", controller.count);
  own.get("/bound", { runs: "thread" }, controller.count.bind(controller));
  own.get("/native", { runs: "thread" }, Math.abs as () => number);
  own.get("/made", new Function("return 1") as () => number);
  assert.deepEqual(
    guard(own).map(({ subject }) => subject),
    ["GET /method"],
  );
});

test("guard() reads modules and functions whatever classes have in them", () => {
  const own = new App();
  own.get("/static", async () => {
    class Table {
      static #rows = 0;
      accessor = 1;
      static {
        Table.#rows++;
      }
      static rows(): number {
        return Table.#rows;
      }
    }
    return Table.rows();
  });
  assert.deepEqual(guard(own), []);
});

/** Calls a function where most of the stack is in use. */
function withLittleStack<Result>(fn: () => Result): Result {
  let levels = 0;
  const measure = (): void => {
    levels++;
    measure();
  };
  assert.throws(measure, RangeError);
  const descend = (level: number): Result => (level === 0 ? fn() : descend(level - 1));
  return descend(Math.floor(levels / 2));
}

test("guard() warns of what it cannot read, and guards the others", () => {
  const own = new App();
  // A parser reads such a chain in a loop; whoever walks its tree needs more stack than there is.
  own.get("/deep", new Function(`return globalThis${".a".repeat(6_000)}`) as () => unknown);
  own.get("/state", () => ++hits);
  const found = withLittleStack(() => guard(own).map(({ code, subject }) => `${subject} ${code}`));
  assert.deepEqual(found, ["GET /deep OFFLOOP_GUARD_FAILED", "GET /state OFFLOOP_GUARD_STATE"]);
});

test("checkApp() tells of warnings and throws for the first refusal, naming the places of the others", () => {
  const told: string[] = [];
  assert.throws(
    () => checkApp(app, (text) => told.push(text)),
    (error) =>
      error instanceof OffloopError &&
      error.code === "OFFLOOP_GUARD_STATE" &&
      error.message.includes("also at"),
  );
  assert.ok(
    told.some((text) => text.startsWith("OFFLOOP_GUARD_BLOCKING: GET /read blocks the event loop: ")),
  );
});

test("checkApp() does not throw when nothing is refused", () => {
  const own = new App();
  own.get("/", () => "fine");
  checkApp(own, () => assert.fail("nothing to tell"));
});

test("guard() says what to do about code of a package, which who installs it cannot change", async () => {
  const folder = appFolder({});
  mkdirSync(folder.path("node_modules/@acme/hits"), { recursive: true });
  folder.write("node_modules/@acme/hits/package.json", '{ "type": "module", "exports": "./index.js" }');
  folder.write(
    "node_modules/@acme/hits/index.js",
    'let hits = 0;\nexport const addHits = (app) => app.get("/hits", () => ++hits);\n',
  );
  const { addHits } = (await import(pathToFileURL(folder.path("node_modules/@acme/hits/index.js")).href)) as {
    readonly addHits: (app: App) => void;
  };
  const app = new App();
  addHits(app);
  assert.match(
    guard(app)[0]?.fix ?? "",
    /^tell the authors of @acme\/hits, whose code it is: .*\. Until then patch the package \(.*\): write "\/\/ offloop-allow state: why"/,
  );
});
