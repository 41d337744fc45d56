import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { ownExtension, ownFile } from "../errors/own-code.ts";

/** A file of the page. */
interface PageFile {
  /** Relative to the page's folder, without a slash. */
  readonly name: string;
  readonly mediaType: string;
  readonly make: () => Promise<string>;
}

const folder = ownFile("inspector/page/");

const mediaTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  [ownExtension]: "text/javascript; charset=utf-8",
};

/** Files from other packages. */
const borrowed = { "uplot.js": "uplot/dist/uPlot.iife.min.js", "uplot.css": "uplot/dist/uPlot.min.css" };

/** The name of the page itself. */
export const pageName = "page.html";

/** All files of the page. Nothing is loaded from elsewhere. */
export function listPageFiles(): PageFile[] {
  const own = readdirSync(folder)
    .filter((name) => mediaTypes[extname(name)] !== undefined)
    .map((name) => pageFile(name, () => readOwn(name)));
  const others = Object.entries(borrowed).map(([name, source]) =>
    pageFile(name, () => readFile(fileURLToPath(import.meta.resolve(source)), "utf8")),
  );
  return [...own, ...others];
}

function pageFile(name: string, make: () => Promise<string>): PageFile {
  return { name, make, mediaType: mediaTypes[extname(name)] ?? "text/javascript; charset=utf-8" };
}

async function readOwn(name: string): Promise<string> {
  const text = await readFile(new URL(name, folder), "utf8");
  if (name === pageName) return text.replaceAll("main.ts", `main${ownExtension}`);
  // Browsers load the repository's modules as written, apart from the types.
  return name.endsWith(".ts") ? stripTypeScriptTypes(text) : text;
}
