/** What is no object. A branded string is one of these, too. */
export type Primitive = string | number | bigint | boolean | symbol | null | undefined;

/**
 * The properties of an object. They extend it where it is plain data, and nothing else: an instance of a class has methods
 * or private fields, too.
 */
export type PropertiesOf<T> = {
  readonly [Key in keyof T]: T[Key] extends (...args: never[]) => unknown ? null : T[Key];
};

/** The same data, read-only in all its parts. */
export type ReadonlyData<T> = T extends Primitive
  ? T
  : T extends readonly unknown[]
    ? { readonly [Index in keyof T]: ReadonlyData<T[Index]> }
    : PropertiesOf<T> extends T
      ? { readonly [Key in keyof T]: ReadonlyData<T[Key]> }
      : T;
