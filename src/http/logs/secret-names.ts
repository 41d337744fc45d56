/** Each of these, alone or as a word of a longer name, marks the value as a credential: `resetToken`, `api_key`. */
const words: ReadonlySet<string> = new Set([
  ...["token", "jwt", "apikey", "secret", "authorization", "credential", "credentials", "cookie", "cookies"],
  ...["password", "passwd", "pwd", "passphrase", "otp", "signature"],
]);
/** In a URL these mark one too. As a field of a log line they often mean something else, such as the key of a cache. */
const wordsInUrls: ReadonlySet<string> = new Set(["key", "auth", "sig", "session", "sid"]);
/**
 * An OAuth2 server sends this back in a query (RFC 6749, 4.1.2). As part of a name, or in a path, it often means
 * something else.
 */
const CODE = "code";
/** Kinds of keys that open something: `privateKey`, `x-api-key`. */
const keyWords: ReadonlySet<string> = new Set(["api", "private", "access", "signing", "encryption"]);
const MAX_REMEMBERED = 10_000;

/** Recognises secret values by their names. */
export class SecretNames {
  readonly #added: ReadonlySet<string>;
  readonly #fields = new Map<string, boolean>();

  /** @param added - Further names that are secret, in any case. */
  constructor(added: readonly string[]) {
    this.#added = new Set(added.map((name) => name.toLowerCase()));
  }

  /** A query or path parameter. */
  isParameter(name: string): boolean {
    return this.#isAdded(name) || wordsOf(name).some((word) => words.has(word) || wordsInUrls.has(word));
  }

  /** A query parameter. */
  isQuery(name: string): boolean {
    return name.toLowerCase() === CODE || this.isParameter(name);
  }

  /** A field of a log line, at any depth. */
  isField(name: string): boolean {
    const known = this.#fields.get(name);
    if (known !== undefined) return known;
    const isSecret = this.#isAdded(name) || isCredential(wordsOf(name));
    if (this.#fields.size < MAX_REMEMBERED) this.#fields.set(name, isSecret);
    return isSecret;
  }

  #isAdded(name: string): boolean {
    return this.#added.has(name.toLowerCase());
  }
}

function isCredential(parts: readonly string[]): boolean {
  return parts.some(
    (word, index) => words.has(word) || (word === "key" && keyWords.has(parts[index - 1] ?? "")),
  );
}

/** The words of a name, however they are joined. */
function wordsOf(name: string): string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}
