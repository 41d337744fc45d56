import { globSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { relative } from "node:path";
import { Readable } from "node:stream";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { parseArgs } from "node:util";
import { repositoryRoot } from "./finding.ts";

type TestEvent = NonNullable<Awaited<ReturnType<ReturnType<typeof run>[typeof Symbol.asyncIterator] extends () => infer I ? I extends { next(): infer N } ? () => N : never : never>>>;
