/** One whole response. */
export interface Answer {
  readonly status: number;
  /** By lower-case name; for a repeated name, the last value. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/**
 * Reads the responses of a connection, strictly: whatever a server writes must be framed according to HTTP/1.1.
 *
 * @param methods - Those of the requests, in order: the answer to HEAD has no body.
 */
export function readAnswers(
  bytes: Buffer,
  methods: readonly string[],
): { readonly answers: Answer[]; readonly rest: string } {
  const answers: Answer[] = [];
  let at = 0;
  while (at < bytes.length) {
    const found = readAnswer(bytes, at, methods[answers.length] === "HEAD");
    if (found === undefined) break;
    at = found.end;
    if (found.answer.status >= 200) answers.push(found.answer);
  }
  return { answers, rest: bytes.toString("latin1", at) };
}

interface Found {
  readonly answer: Answer;
  readonly end: number;
}

function readAnswer(bytes: Buffer, start: number, isHead: boolean): Found | undefined {
  const headEnd = bytes.indexOf("\r\n\r\n", start);
  if (headEnd < 0) return undefined;
  const [first = "", ...lines] = bytes.toString("latin1", start, headEnd).split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]);
  if (!status) return undefined;
  const headers = new Map(lines.map((line) => headerOf(line)));
  const from = headEnd + 4;
  const hasNone = isHead || status < 200 || status === 204 || status === 304;
  if (hasNone) return { answer: { status, headers, body: Buffer.alloc(0) }, end: from };
  if (headers.get("transfer-encoding") === "chunked") return readChunks(bytes, from, { status, headers });
  const length = headers.get("content-length");
  // Without a length it lasts until the connection ends.
  const end = length === undefined ? bytes.length : from + Number(length);
  if (end > bytes.length) return undefined;
  return { answer: { status, headers, body: bytes.subarray(from, end) }, end };
}

function headerOf(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function readChunks(bytes: Buffer, from: number, head: Omit<Answer, "body">): Found | undefined {
  const chunks: Buffer[] = [];
  for (let at = from; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    const end = lineEnd + 2 + size + 2;
    if (Number.isNaN(size) || end > bytes.length) return undefined;
    if (size === 0) return { answer: { ...head, body: Buffer.concat(chunks) }, end };
    chunks.push(bytes.subarray(lineEnd + 2, end - 2));
    at = end;
  }
}
