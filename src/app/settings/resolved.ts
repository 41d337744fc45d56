/** Settings with every default filled in. */
export type Resolved<Settings> = {
  readonly [Name in keyof Settings]-?: Exclude<Settings[Name], undefined>;
};
