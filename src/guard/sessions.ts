import type { App } from "../app/app.ts";
import { everyDependency, type NamedDependency } from "../app/dependency.ts";
import type { Inputs } from "../app/inputs.ts";
import { servedOperations, servedSockets } from "../app/parts.ts";
import { SESSION_FIX } from "../app/session.ts";
import type { GuardFinding } from "./finding.ts";
import type { DeclaredFunction, FunctionCodes } from "./function-code.ts";
import { takesName } from "./handle-rule.ts";
import { descendants, type FunctionNode, memberName } from "./syntax.ts";

/** A function that may read the session of its request. */
interface Reader extends DeclaredFunction {
  readonly subject: string;
  readonly inputs: Inputs;
  readonly deps: readonly NamedDependency[];
}

/** Finds functions that read a session in an app without one. Those that declare it are refused when the app opens. */
export function findSessions(app: App, codes: FunctionCodes): GuardFinding[] {
  return listReaders(app).flatMap((reader) => {
    const { subject, location, inputs, deps } = reader;
    const isOther = inputs.session !== undefined || deps.some(([name]) => name === "session");
    if (isOther || !readsSession(reader, codes)) return [];
    return [
      {
        code: "OFFLOOP_SESSION_UNSET",
        severity: "warned",
        subject,
        problem: `${subject} reads its session, and the app has no session settings`,
        at: location,
        fix: SESSION_FIX,
      },
    ];
  });
}

function readsSession(reader: Reader, codes: FunctionCodes): boolean {
  try {
    const code = codes.of(reader);
    return code !== undefined && (takesName(code.node, "session") || readsMember(code.node));
  } catch {
    return false; // guard() has warned of code that it cannot read
  }
}

/** `context.session`, of the first argument. */
function readsMember(node: FunctionNode): boolean {
  const [first] = node.params;
  if (first?.type !== "Identifier") return false;
  return [...descendants(node)].some(
    (part) =>
      part.type === "MemberExpression" &&
      memberName(part) === "session" &&
      part.object.type === "Identifier" &&
      part.object.name === first.name,
  );
}

/** Operations, the functions of sockets, and the dependencies that they need. */
function listReaders(app: App): Reader[] {
  const operations = servedOperations(app).map(({ id, handler, ...rest }) => ({
    ...rest,
    subject: id,
    fn: handler,
  }));
  const sockets = servedSockets(app).flatMap(({ connection, message, functions: { whole, open, close } }) => [
    ...[whole, open, close].flatMap((fn) =>
      fn === undefined ? [] : [{ ...connection, subject: connection.id, fn }],
    ),
    ...(message === undefined ? [] : [{ ...message, subject: message.id, fn: message.handler }]),
  ]);
  const readers: Reader[] = [...operations, ...sockets];
  return [...readers, ...listDependencies(readers)];
}

function listDependencies(readers: readonly Reader[]): Reader[] {
  const needed = everyDependency(readers.flatMap(({ deps }) => deps));
  return [...needed].map(({ name, fn, location, inputs, deps }) => ({
    subject: `dependency "${name}"`,
    fn,
    location,
    inputs,
    deps,
  }));
}
