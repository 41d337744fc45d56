import type { App } from "../app/app.ts";
import { type DependencyDeclaration, type NamedDependency, WAYS_OUT } from "../app/dependency.ts";
import { servedOperations, servedOverrides, servedTaskDeclarations } from "../app/parts.ts";
import type { GuardFinding } from "./finding.ts";
import type { DeclaredFunction, FunctionCodes } from "./function-code.ts";
import { handleClass, takesName } from "./handle-rule.ts";

/** A function on the loop, and the dependencies whose values it may receive. */
interface Receiver extends DeclaredFunction {
  readonly subject: string;
  readonly deps: readonly NamedDependency[];
}

/** Finds functions on the loop that take, from a plain dependency, a value that cannot leave its thread. */
export function findHandles(app: App, codes: FunctionCodes): GuardFinding[] {
  const overrides = servedOverrides(app);
  return listReceivers(app).flatMap((receiver) => {
    // The last one of a name is received.
    const received = new Map(receiver.deps.map(([name, dependency]) => [name, dependency]));
    return [...received].flatMap(([name, dependency]) => {
      if (!isMadeOnThread(dependency) || overrides.has(dependency)) return [];
      const className = classReceived(receiver, name, dependency, codes);
      return className === undefined ? [] : [findingOf(receiver, name, className)];
    });
  });
}

/** One of the scope "thread" is refused without its code; one of the scope "app" is made on the main thread. */
function isMadeOnThread({ lane, scope }: DependencyDeclaration): boolean {
  return lane === "thread" && scope !== "thread" && scope !== "app";
}

function classReceived(
  receiver: Receiver,
  name: string,
  dependency: DependencyDeclaration,
  codes: FunctionCodes,
): string | undefined {
  try {
    const receiving = codes.of(receiver);
    if (receiving === undefined || !takesName(receiving.node, name)) return undefined;
    const making = codes.of(dependency);
    return making && handleClass(making.node, making.module.scopes);
  } catch {
    return undefined; // guard() has warned of code that it cannot read
  }
}

function findingOf({ subject, location }: Receiver, name: string, className: string): GuardFinding {
  return {
    code: "OFFLOOP_DEPENDENCY_LANE",
    severity: "refused",
    subject,
    problem: `Cannot serve ${subject}: it runs on the event loop and receives ${name} from a thread, and an instance of ${className} cannot leave its thread`,
    at: location,
    fix: WAYS_OUT,
  };
}

/** Operations and tasks on the loop, and the async dependencies that they need. */
function listReceivers(app: App): Receiver[] {
  const operations = servedOperations(app).map(({ id, handler, ...rest }) => ({
    ...rest,
    subject: id,
    fn: handler,
  }));
  const tasks = servedTaskDeclarations(app).map(({ name, deps = [], ...rest }) => ({
    ...rest,
    deps,
    subject: `task "${name}"`,
  }));
  const onLoop: Receiver[] = [...operations, ...tasks].filter(({ lane }) => lane === "loop");
  return [...onLoop, ...listAsyncDependencies(onLoop)];
}

function listAsyncDependencies(receivers: readonly Receiver[]): Receiver[] {
  const found: Receiver[] = [];
  const seen = new Set<DependencyDeclaration>();
  const visit = (dependencies: Receiver["deps"]): void => {
    for (const [, dependency] of dependencies) {
      const { name, lane, scope, fn, location, deps } = dependency;
      if (seen.has(dependency) || scope === "app") continue;
      seen.add(dependency);
      if (lane === "loop") found.push({ subject: `dependency "${name}"`, fn, location, deps });
      visit(deps);
    }
  };
  for (const { deps } of receivers) visit(deps);
  return found;
}
