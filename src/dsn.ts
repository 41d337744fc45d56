export { describeDsn } from "./dsn/describe-dsn.ts";
export type { DsnDescription } from "./dsn/description.ts";
export type { DriverName } from "./dsn/drivers.ts";
export type { DsnMistake, DsnPart } from "./dsn/dsn-mistake.ts";
