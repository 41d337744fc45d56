import assert from "node:assert/strict";
import { test } from "node:test";
import { type DriverName, type DsnPart, describeDsn } from "offloop/dsn";

/** The parts that are wrong, `?` where some servers take them. */
function partsOf(url: string, driver?: DriverName): string[] {
  return describeDsn(url, driver).mistakes.map(({ part, isCertain }) => part + (isCertain ? "" : "?"));
}

test("describeDsn() says what accepts a DSN, and shows it without its password", () => {
  assert.deepEqual(describeDsn("postgres://ada:secret@db:5432/shop?sslmode=require"), {
    database: "PostgreSQL",
    takenBy: ["pg", "postgres"],
    dsn: "postgres://ada:***@db:5432/shop?sslmode=require",
    mistakes: [],
    advice: undefined,
  });
  assert.deepEqual(describeDsn("mongodb+srv://ada:secret@db/shop"), {
    database: "MongoDB",
    takenBy: ["mongodb"],
    dsn: undefined,
    mistakes: [],
    advice: undefined,
  });
  assert.equal(describeDsn("postgresql://[::1]:5432/shop").dsn, "postgresql://[::1]:5432/shop");
});

test("describeDsn() says which part is wrong, and what only some servers refuse", () => {
  const cases: readonly (readonly [string, DriverName | undefined, readonly (DsnPart | `${DsnPart}?`)[]])[] =
    [
      ["postgresql+asyncpg://ada:secret@db/shop", undefined, ["scheme"]],
      ["postgresql+asyncpg://ada:secret@db/shop", "mysql2", ["driver", "scheme"]],
      ["pgsql://ada:secret@db/shop", "pg", ["scheme"]],
      ["mongodb://ada:secret@db/shop", "pg", ["scheme"]],
      ["https://db.example/shop", undefined, ["scheme"]],
      ["htp://db/shop", undefined, ["scheme"]],
      ["file:shop.db", "pg", ["driver"]],
      ["postgresql://ada:secret@db:5432", "pg", ["database?"]],
      ["postgresql://ada:secret@db:3306/shop", "pg", ["port?"]],
      ["postgresql://ada:secret@db:PORT/shop", "pg", ["port"]],
      ["postgresql://ada:secret@db:99999/shop", "pg", ["port"]],
      ["postgresql:///shop", "pg", ["host?"]],
      ["postgresql:///shop", "postgres", ["host?"]],
      ["postgresql:///shop?host=/run/postgresql", "pg", []],
      ["postgresql:///shop?host=/run/postgresql", "postgres", ["options"]],
      ["mysql://root@localhost/shop", "mysql2", ["host?"]],
      ["mysql://root:secret@localhost/shop", "mysql2", []],
      ["mysql://ada@localhost/shop", "mysql2", []],
      ["postgresql://ada:s@cret@db/shop", "pg", ["password?"]],
      ["postgresql://ada:s%cret@db/shop", "pg", ["password"]],
      ["postgresql://a/da:secret@db/shop", "pg", []],
      ["postgresql://postgres:[YOUR-PASSWORD]@db.example.co:5432/postgres", "pg", ["password"]],
      ["postgresql://<user>:<password>@<host>/shop", "pg", ["user"]],
      [" postgresql://ada:secret@db/shop\n", "pg", ["whole"]],
      ["", "pg", ["whole"]],
      ["shop", "pg", ["whole"]],
      ["shop.db", "better-sqlite3", []],
    ];
  for (const [url, driver, parts] of cases) assert.deepEqual(partsOf(url, driver), parts, `${url} ${driver}`);
});

test("describeDsn() names the driver that takes a DSN the given one does not", () => {
  const cases: readonly (readonly [string, DriverName, string])[] = [
    [
      "postgres://ada:secret@db/shop",
      "mysql2",
      '"postgres" leads to PostgreSQL, and mysql2 speaks MySQL: write postgres://ada:***@db/shop, which pg and postgres take',
    ],
    [
      "mongodb://ada:secret@db/shop",
      "pg",
      "It leads to MongoDB, and pg speaks PostgreSQL: use mongodb for MongoDB",
    ],
    [
      "postgresql:///shop?host=/run/postgresql",
      "postgres",
      'postgres reads no socket from a DSN, and wants { host: "/run/postgresql" } beside it: write postgresql://localhost/shop, which postgres takes',
    ],
    [
      "sqlite:////srv/shop.db",
      "node:sqlite",
      '"sqlite" is a scheme of other tools, and a part of the file\'s name for the drivers of SQLite: write /srv/shop.db, which node:sqlite takes',
    ],
  ];
  for (const [url, driver, advice] of cases) assert.equal(describeDsn(url, driver).advice, advice);
});

test("describeDsn() reads SQLite's paths as those who wrote them count slashes", () => {
  for (const [url, path] of [
    ["sqlite:///shop.db", "shop.db"],
    ["sqlite:////srv/shop.db", "/srv/shop.db"],
    ["sqlite+aiosqlite:///./shop.db", "./shop.db"],
    ["sqlite://", ":memory:"],
    ["sqlite:///:memory:", ":memory:"],
    ["sqlite::memory:", ":memory:"],
    ["sqlite:shop.db", "shop.db"],
  ])
    assert.equal(describeDsn(url as string, "better-sqlite3").dsn, path, url);
});

test("describeDsn() never repeats a password, whatever is in it and however it is written", () => {
  const signs = "@/?#:%&=; ,[]{}()<>'\"\\+$!~*^|`";
  const forms: readonly ((password: string) => string)[] = [
    (p) => `postgresql://ada:${p}@db:5432/shop`,
    (p) => `postgresql+asyncpg://ada:${p}@db/shop?ssl=require`,
    (p) => `mysql://ada:${p}@db`,
    (p) => `ada:${p}@db/shop`,
    (p) => `"postgres://ada:${p}@db/shop"`,
    (p) => `postgresql:ada:${p}@db/shop`,
    (p) => `jdbc:mysql://ada:${p}@db/shop`,
    (p) => `ada:${p}@tcp(db:3306)/shop`,
    (p) => `jdbc:postgresql://db/shop?user=ada&password=${encodeURIComponent(p)}`,
    (p) => `host=db dbname=shop password='${p.replace(/[\\']/g, "\\$&")}'`,
    (p) => `redis://ada:${p}@db`,
    (p) => `htp://ada:${p}@db/shop`,
  ];
  const repeated: string[] = [];
  for (const form of forms)
    for (const driver of [undefined, "pg", "mysql2", "mariadb", "better-sqlite3"] as const)
      for (const [index, sign] of [...signs].entries()) {
        const other = signs[(index * 7 + 3) % signs.length];
        const url = form(`hunter${sign}zebra${other}tiger`);
        const said = JSON.stringify(describeDsn(url, driver));
        if (/hunter|zebra|tiger/.test(said)) repeated.push(`${url} for ${driver}: ${said}`);
      }
  assert.deepEqual(repeated, []);
});
