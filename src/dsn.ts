export { describeDsn } from "./dsn/describe-dsn.ts";
export type { DsnDescription, DsnMistake, DsnPart } from "./dsn/description.ts";
export type { DriverName } from "./dsn/drivers.ts";
