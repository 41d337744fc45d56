import type { DriverName } from "offloop/dsn";

/** Has every character that a URL gives a meaning to. */
export const password = "p@s/s?w#o%rd";

/** A DSN that someone pasted. */
export interface Wrong {
  /** P and M are the ports of PostgreSQL and MariaDB. */
  readonly written: string;
  readonly driver: DriverName;
  /** What the advice says before what to write. */
  readonly says: RegExp;
  /** Who the DSN that it says to write leads to, through a driver that it says takes it. */
  readonly opens: string;
  /** Whose password stands for `***`. */
  readonly password?: string;
  /** What the driver makes of the wrong one, if it takes it. */
  readonly taken?: string;
}

export const wrong: readonly Wrong[] = [
  {
    written: "postgresql+asyncpg://bob:plain@127.0.0.1:P/shop",
    driver: "pg",
    says: /"postgresql\+asyncpg" names a driver of Python's SQLAlchemy/,
    opens: "bob@shop",
    taken: "bob@shop",
  },
  {
    written: "postgresql+psycopg2://bob:plain@127.0.0.1:P/shop",
    driver: "mysql2",
    says: /"postgresql" leads to PostgreSQL, and mysql2 speaks MySQL/,
    opens: "bob@shop",
  },
  {
    written: "postgres://bob:plain@127.0.0.1:P/shop",
    driver: "mariadb",
    says: /"postgres" leads to PostgreSQL, and mariadb speaks MySQL/,
    opens: "bob@shop",
  },
  {
    written: "mysql://bob:plain@127.0.0.1:M/shop",
    driver: "postgres",
    says: /"mysql" leads to MySQL, and postgres speaks PostgreSQL/,
    opens: "bob@shop",
  },
  {
    written: "mysql+pymysql://bob:plain@127.0.0.1:M/shop?charset=utf8mb4",
    driver: "mariadb",
    says: /"mysql\+pymysql" names a driver.*; mariadb takes no scheme but "mariadb"/,
    opens: "bob@shop",
  },
  {
    written: "mysql2://bob:plain@127.0.0.1:M/shop",
    driver: "mysql2",
    says: /"mysql2" is the spelling of Rails/,
    opens: "bob@shop",
    taken: "bob@shop",
  },
  {
    written: "jdbc:postgresql://127.0.0.1:P/shop?user=bob&password=plain",
    driver: "pg",
    says: /It is a DSN of Java's JDBC/,
    opens: "bob@shop",
  },
  {
    written: "jdbc:mysql://127.0.0.1:M/shop?user=bob&password=plain&useSSL=false",
    driver: "mysql2",
    says: /It is a DSN of Java's JDBC/,
    opens: "bob@shop",
  },
  {
    written: "host=127.0.0.1 port=P dbname=shop user=bob password=plain",
    driver: "postgres",
    says: /It is libpq's keywords/,
    opens: "bob@shop",
  },
  {
    written: "mysql:host=127.0.0.1;port=M;dbname=shop;user=bob;password=plain",
    driver: "mysql2",
    says: /It is a DSN of PHP's PDO/,
    opens: "bob@shop",
  },
  {
    written: "Server=127.0.0.1;Port=P;Database=shop;User Id=bob;Password=plain",
    driver: "pg",
    says: /It is a string of .NET's/,
    opens: "bob@shop",
  },
  {
    written: "bob:plain@tcp(127.0.0.1:M)/shop",
    driver: "mysql2",
    says: /It is a DSN of Go's MySQL driver/,
    opens: "bob@shop",
  },
  {
    written: '"postgresql://bob:plain@127.0.0.1:P/shop"',
    driver: "pg",
    says: /It stands in quotes/,
    opens: "bob@shop",
  },
  {
    written: "DATABASE_URL=postgresql://bob:plain@127.0.0.1:P/shop",
    driver: "postgres",
    says: /It begins with "DATABASE_URL="/,
    opens: "bob@shop",
  },
  { written: "bob:plain@127.0.0.1:P/shop", driver: "pg", says: /It has no scheme/, opens: "bob@shop" },
  {
    written: "postgresql:bob:plain@127.0.0.1:P/shop",
    driver: "pg",
    says: /"postgresql:" is not followed by "\/\/"/,
    opens: "bob@shop",
  },
  {
    written: `postgresql://ada:${password}@127.0.0.1:P/shop`,
    driver: "pg",
    says: /The password holds "@" and "\/" and "\?" and "#" and "%", which a URL has to write as %40 and %2F and %3F and %23 and %25/,
    opens: "ada@shop",
    password,
  },
  {
    written: `mysql://ada:${password}@127.0.0.1:M/shop`,
    driver: "mysql2",
    says: /The password holds "@" and "\/"/,
    opens: "ada@shop",
    password,
  },
  {
    written: "mysql://eve:pl@in@127.0.0.1:M/shop",
    driver: "mysql2",
    says: /The password holds "@", which a URL has to write as %40/,
    opens: "eve@shop",
    password: "pl@in",
    taken: "eve@shop",
  },
  {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what a file of the environment has
    written: "postgresql://bob:${DB_PASSWORD}@127.0.0.1:P/shop",
    driver: "postgres",
    says: /The password is a placeholder that nobody filled in/,
    opens: "bob@shop",
  },
  {
    written: "postgresql://bob:plain@127.0.0.1:P/shop/",
    driver: "pg",
    says: /The slash after "shop" is read as a part of its name/,
    opens: "bob@shop",
  },
  {
    written: "postgresql://bob:plain@127.0.0.1:P",
    driver: "pg",
    says: /It names no database, so that the one named like the user is opened/,
    opens: "bob@shop",
  },
  {
    written: "mariadb://bob:plain@127.0.0.1:M",
    driver: "mariadb",
    says: /It names no database, and mariadb refuses a DSN without one/,
    opens: "bob@shop",
  },
  {
    written: "postgresql://bob:plain@127.0.0.1:P,127.0.0.2:P/shop",
    driver: "pg",
    says: /It names several hosts, and pg takes one, postgres takes several/,
    opens: "bob@shop",
  },
  {
    written: "mysql://root@localhost/shop?unix_socket=SOCKET",
    driver: "mysql2",
    says: /The option "unix_socket" is ignored by Node's drivers, which call it "socketPath"/,
    opens: "root@shop",
  },
  {
    written: "file:shop.db",
    driver: "better-sqlite3",
    says: /better-sqlite3 takes a path, and makes a file whose name begins with "file:"/,
    opens: "shop.db",
    taken: "file:shop.db",
  },
  {
    written: "sqlite:///shop.db",
    driver: "node:sqlite",
    says: /"sqlite" is a scheme of other tools/,
    opens: "shop.db",
  },
  {
    written: "sqlite:shop.db",
    driver: "node:sqlite",
    says: /"sqlite" is a scheme of other tools/,
    opens: "shop.db",
    taken: "sqlite:shop.db",
  },
  {
    written: "sqlite+aiosqlite:///FOLDER/own.db",
    driver: "better-sqlite3",
    says: /"sqlite" is a scheme of other tools/,
    opens: "own.db",
  },
];
