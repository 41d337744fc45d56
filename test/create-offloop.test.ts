import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { findFencedBlocks } from "../scripts/fenced-block.ts";
import { olderNode } from "./fixtures/older-node.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const main = join(root, "create-offloop/main.js");
const parent = mkdtempSync(join(tmpdir(), "create-offloop-"));
after(() => rmSync(parent, { recursive: true }));

interface Manifest {
  name: string;
  engines: { node: string };
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

function create(args: readonly string[], agent = "", node = process.execPath) {
  return spawnSync(node, [main, ...args], {
    cwd: parent,
    encoding: "utf8",
    env: { ...process.env, npm_config_user_agent: agent },
  });
}

function readJson<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(...path), "utf8")) as T;
}

const files = [
  ".dockerignore",
  ".env.test",
  ".gitignore",
  "README.md",
  "app.test.ts",
  "app.ts",
  "package.json",
  "tsconfig.json",
];

test("create-offloop makes a new folder and says what to type next, for npm and for pnpm", () => {
  const byNpm = create(["shop"], "npm/11.19.1 node/v24.21.0 linux x64");
  assert.equal(byNpm.status, 0, byNpm.stderr);
  assert.equal(byNpm.stdout, "shop is ready. Next:\n\n  cd shop\n  npm install\n  npm run dev\n\n");
  assert.deepEqual(readdirSync(join(parent, "shop")).sort(), files);
  assert.equal(readJson<Manifest>(parent, "shop/package.json").name, "shop");
  const byPnpm = create(["apps/other"], "pnpm/11.2.0 npm/? node/v24.21.0 linux x64");
  assert.equal(byPnpm.stdout, "other is ready. Next:\n\n  cd apps/other\n  pnpm install\n  pnpm run dev\n\n");
});

test("create-offloop fills the folder that it is in where that has nothing but a repository", () => {
  const folder = join(parent, "Über my Shop");
  mkdirSync(join(folder, ".git"), { recursive: true });
  const { status, stdout } = spawnSync(process.execPath, [main], { cwd: folder, encoding: "utf8" });
  assert.equal(status, 0);
  assert.match(stdout, /^u-ber-my-shop is ready\. Next:\n\n {2}\w+ install\n/);
  assert.deepEqual(readdirSync(folder).sort(), [".git", ...files].sort());
});

test("the tests of a new app pass, and say nothing else", () => {
  assert.equal(create(["quiet"]).status, 0);
  const folder = join(parent, "quiet");
  const { status, stdout, stderr } = npmTest(folder);
  assert.equal(status, 0, stdout);
  assert.equal(stderr, "");
  assert.doesNotMatch(stdout, /not found/);
  const ignored = readFileSync(join(folder, ".gitignore"), "utf8").split("\n");
  assert.ok([".env", "*.db"].every((name) => ignored.includes(name)));
  const outside = readFileSync(join(folder, ".dockerignore"), "utf8").split("\n");
  assert.ok(["node_modules", ".env*", ".offloop", "*.db"].every((name) => outside.includes(name)));
});

test("a fresh clone of an app of create-offloop passes its tests, with a secret that is in no file of the repository", () => {
  assert.equal(create(["secret"]).status, 0);
  const folder = join(parent, "secret");
  const page = readFileSync(join(root, "docs/sessions.md"), "utf8");
  const names = ["config.ts", "counter.ts", ".env.test", "counter.test.ts"];
  for (const name of names) writeFileSync(join(folder, name), blockNamed(page, name));
  writeFileSync(join(folder, ".env"), "SESSION_SECRET=the-secret-of-this-machine-for-no-one");
  const git = (...args: string[]) => execFileSync("git", args, { cwd: folder, encoding: "utf8" });
  git("init", "--quiet");
  git("add", "--all");
  git("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "--quiet", "-m", "first");
  const clone = join(parent, "clone");
  git("clone", "--quiet", folder, clone);
  assert.deepEqual(readdirSync(clone).sort(), [...new Set([".git", ...files, ...names])].sort());
  const { status, stdout } = npmTest(clone);
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^(ℹ|#) pass 5$/m);
  rmSync(join(clone, ".env.test"));
  assert.match(
    npmTest(clone).stdout,
    /OFFLOOP_SETTINGS_INVALID: Cannot read the settings: SESSION_SECRET is missing/,
  );
});

/** The block of a page that has this name. */
function blockNamed(page: string, name: string): string {
  const lines = page.split("\n").map((text, at) => ({ text, line: at + 1 }));
  const block = findFencedBlocks(lines).find(({ info }) => info[1] === name);
  assert.ok(block, name);
  return block.code;
}

/** Runs the app's test script, with this repository's offloop and zod. */
function npmTest(folder: string) {
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  for (const [name, target] of Object.entries({ offloop: root, zod: join(root, "node_modules/zod") }))
    if (!existsSync(join(folder, "node_modules", name)))
      symlinkSync(target, join(folder, "node_modules", name), "dir");
  // A test runner that is started by a test runs nothing where this says so.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const source = { ...env, NODE_OPTIONS: "--conditions=offloop:source" };
  return spawnSync("npm", ["test"], { cwd: folder, encoding: "utf8", env: source });
}

test("the types of a new app are not those of a front end beside it", () => {
  assert.equal(create(["whole"]).status, 0);
  const folder = join(parent, "whole");
  for (const name of ["src/shop.ts", "test/shop.test.ts", "web/vite.config.ts", "web/src/page.ts"]) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), "export {};\n");
  }
  const tsc = join(root, "node_modules/.bin/tsc");
  const listed = spawnSync(tsc, ["--listFilesOnly"], { cwd: folder, encoding: "utf8" }).stdout.split("\n");
  const prefix = `${realpathSync(folder)}/`;
  const own = listed.flatMap((path) => (path.startsWith(prefix) ? path.slice(prefix.length) : []));
  assert.deepEqual(own.sort(), ["app.test.ts", "app.ts", "src/shop.ts", "test/shop.test.ts"]);
});

test("create-offloop leaves a folder with files unchanged, and says what to do", () => {
  const folder = join(parent, "full");
  mkdirSync(folder);
  for (const name of ["a.txt", "b.txt", "c.txt", "package.json"]) writeFileSync(join(folder, name), "mine");
  const { status, stdout, stderr } = create(["full"]);
  assert.equal(status, 1);
  assert.equal(stdout, "");
  assert.equal(
    stderr,
    `Cannot create an app: ${folder} is not empty: it has a.txt, b.txt, c.txt and 1 more\n  fix name a new folder: npm create offloop my-app\n`,
  );
  assert.deepEqual(readdirSync(folder).sort(), ["a.txt", "b.txt", "c.txt", "package.json"]);
  assert.equal(readFileSync(join(folder, "package.json"), "utf8"), "mine");
});

test("create-offloop refuses a file in place of a folder, an unknown option and two folders", () => {
  writeFileSync(join(parent, "taken"), "");
  assert.match(
    create(["taken"]).stderr,
    /^Cannot create an app: \S+taken cannot be a folder \(EEXIST\)\n {2}fix /,
  );
  assert.match(
    create(["--typescript"]).stderr,
    /^Cannot create an app: --typescript is not the name of one folder\n/,
  );
  assert.equal(create(["one", "two"]).status, 1);
});

test("create-offloop says in an older Node which one it needs", (t) => {
  const node = olderNode();
  if (node === undefined) return t.skip("this machine has no older Node");
  const { status, stderr } = create(["old"], "", node);
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^Cannot create an app: offloop needs Node 24\.16 or later, and this is \d+\.[\d.]+\n {2}fix /,
  );
});

test("create-offloop, the documentation and CI name the oldest Node that package.json allows", () => {
  const { engines } = readJson<Manifest>(root, "package.json");
  for (const path of ["create-offloop/package.json", "create-offloop/template/package.json"])
    assert.deepEqual(readJson<Manifest>(root, path).engines, engines, path);
  const oldest = engines.node.replace(">=", "");
  const places = {
    "README.md": `Node ${oldest} or later`,
    "docs/start.md": `You need Node ${oldest} or later`,
    "CONTRIBUTING.md": `on ${oldest}, the oldest`,
    "CHANGELOG.md": `needs Node ${oldest} or later`,
    "create-offloop/README.md": `Needs Node ${oldest} or later`,
    "create-offloop/new-app.js": `needs Node ${oldest} or later`,
    ".github/workflows/ci.yml": `node: "${oldest}"`,
  };
  for (const [path, words] of Object.entries(places)) {
    const text = readFileSync(join(root, path), "utf8").replaceAll(/\s+/g, " ");
    assert.ok(text.includes(words), `${path} does not say: ${words}`);
  }
});

test("an app of create-offloop asks for the versions that this repository is tested with", () => {
  const own = readJson<Manifest>(root, "package.json");
  const created = readJson<Manifest>(root, "create-offloop/template/package.json");
  for (const [name, range] of Object.entries({ ...created.dependencies, ...created.devDependencies }))
    if (name !== "offloop") assert.equal(range, own.devDependencies[name], name);
});

test("an app of create-offloop has the compiler options of docs/start.md", () => {
  interface Config {
    compilerOptions: Record<string, unknown>;
  }
  const page = readFileSync(join(root, "docs/start.md"), "utf8");
  const shown = JSON.parse(/```json\n(\{\s+"compilerOptions"[\s\S]*?)```/.exec(page)?.[1] ?? "") as Config;
  const { compilerOptions } = readJson<Config>(root, "create-offloop/template/tsconfig.json");
  assert.deepEqual(compilerOptions, shown.compilerOptions);
});
