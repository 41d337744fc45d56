/** A database that cannot be used as configured; its message says why and needs no stack. */
export class DatabaseError extends Error {}
