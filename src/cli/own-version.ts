import { readFileSync } from "node:fs";
import { ownFile } from "../errors/own-code.ts";

const { version } = JSON.parse(readFileSync(ownFile("../package.json"), "utf8")) as { version: string };

/** The version of offloop itself. */
export const ownVersion: string = version;
