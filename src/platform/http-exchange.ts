/** The one HTTP client of weir: one request on a connection of its own, and what came of it. */
import { connect, type Socket } from 'node:net';

/** The place of an HTTP server. `path` is absolute; `host` is an address or a name, without brackets. */
export type HttpPlace =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'http'; readonly host: string; readonly port: number }
  | { readonly kind: 'https'; readonly host: string; readonly port: number; readonly tls?: TlsFiles };

/** Certificates in PEM; the system's own where one is left out. */
export interface TlsFiles {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  /** The name in the server's certificate, where it is another than that of the place. */
  readonly servername?: string;
  /** False: any certificate is taken. */
  readonly rejectUnauthorized?: boolean;
}

/** One request. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** Milliseconds for the whole exchange: a hung process may have accepted the connection. */
  readonly timeoutMs: number;
  /** Sent as JSON; none if omitted. */
  readonly json?: unknown;
  /** What `json` is; `application/json` if omitted. */
  readonly contentType?: string;
  /** The value of `Authorization`; none if omitted. */
  readonly authorization?: string;
  /** More headers, by name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The answer is given up beyond this many bytes; 1 MiB if omitted. */
  readonly maxBytes?: number;
  /** Ends the exchange early: the status of some answers is enough, and their body may be endless. */
  readonly isEnough?: (answer: HttpAnswer) => boolean;
}

/** One HTTP answer, as far as it came. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  /** False when the time, the limit or `isEnough` ended it, or the server went away in the middle. */
  readonly isWhole: boolean;
}

/** The outcome of a request. */
export type HttpOutcome =
  | ({ readonly kind: 'answered' } & HttpAnswer)
  /** Nothing that is an answer came in time. */
  | { readonly kind: 'silent' }
  /** The server closed the connection; `said` is what it had sent, which is no HTTP. */
  | { readonly kind: 'closed'; readonly said: string }
  /** The connection failed before an answer; `code` is the system's: ECONNREFUSED, ENOENT, EAGAIN ... */
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

/** The default limit of an answer: a program that is no admin may send without end. */
const MAX_BYTES = 1024 * 1024;

/** Sends a request and resolves to what came of it; never rejects. node:http costs 14 MB of memory, this costs nothing. */
export async function exchangeHttp(place: HttpPlace, request: HttpRequest): Promise<HttpOutcome> {
  const { promise, resolve } = Promise.withResolvers<HttpOutcome>();
  const { timeoutMs, maxBytes = MAX_BYTES, isEnough } = request;
  let socket: Socket;
  try {
    socket = await openHttp(place);
  } catch (error) {
    return failedBy(error as NodeJS.ErrnoException);
  }
  const received = new ReceivedBytes();
  const answered = (hasEnded: boolean): HttpOutcome | null => {
    const answer = parseHttpAnswer(received.bytes, hasEnded);
    return answer === null ? null : { kind: 'answered', ...answer };
  };
  // A process that was busy for long reads first what came meanwhile.
  const timer = setTimeout(() => setImmediate(() => resolve(answered(false) ?? { kind: 'silent' })), timeoutMs);
  socket.on(connectedEvent(place), () => socket.write(requestText(place, request)));
  socket.on('data', (chunk: Buffer) => {
    received.add(chunk);
    const isFull = received.length >= maxBytes;
    if (!isFull && isEnough === undefined && !received.mayBeWhole()) return;
    const answer = parseHttpAnswer(received.bytes, false);
    if (answer !== null && (answer.isWhole || isFull || isEnough?.(answer) === true)) {
      resolve({ kind: 'answered', ...answer });
    } else if (isFull) {
      resolve({ kind: 'closed', said: headOf(received.bytes) });
    }
  });
  const onClosed = (hasEnded: boolean): void =>
    resolve(answered(hasEnded) ?? { kind: 'closed', said: headOf(received.bytes) });
  socket.on('end', () => onClosed(true));
  socket.on('error', (error: NodeJS.ErrnoException) => resolve(answered(false) ?? failedBy(error)));
  socket.on('close', () => onClosed(false));
  const outcome = await promise;
  clearTimeout(timer);
  socket.destroy();
  return outcome;
}

/** How each answer begins. */
const PROTOCOL = 'HTTP/1.';

/** An answer below this is looked at with each piece of it, in bytes. */
const SMALL_BYTES = 65_536;

/** The bytes of an answer. Joining and parsing all of them at each piece would cost the square of its length. */
export class ReceivedBytes {
  #pieces: Buffer[] = [];
  length = 0;

  add(piece: Buffer): void {
    this.#pieces.push(piece);
    this.length += piece.length;
  }

  get bytes(): Buffer {
    if (this.#pieces.length !== 1) this.#pieces = [Buffer.concat(this.#pieces)];
    return this.#pieces[0] ?? Buffer.alloc(0);
  }

  /** Whether these bytes cannot become an HTTP answer. */
  get isForeign(): boolean {
    const begin = (this.#pieces[0] ?? Buffer.alloc(0)).toString('latin1', 0, PROTOCOL.length);
    return !PROTOCOL.startsWith(begin);
  }

  /** False only for a long answer that lacks its end: chunks end with an empty line, other bodies by their length. */
  mayBeWhole(): boolean {
    if (this.length < SMALL_BYTES) return true;
    const first = this.#pieces[0] ?? Buffer.alloc(0);
    const end = first.indexOf('\r\n\r\n');
    const length = /^content-length:\s*(\d+)\s*$/im.exec(first.subarray(0, Math.max(0, end)).toString('latin1'))?.[1];
    if (end !== -1 && length !== undefined) return this.length >= end + 4 + Number(length);
    const last = this.#pieces.at(-1) ?? first;
    // A last piece of a byte or two may hold a part of the empty line.
    return last.length < 4 || last.subarray(-4).toString('latin1') === '\r\n\r\n';
  }
}

/** The answer of an outcome. Throws an Error that names the server and what it did when there is none. */
export function requireAnswer(server: string, outcome: HttpOutcome, timeoutMs: number): HttpAnswer {
  switch (outcome.kind) {
    case 'answered':
      return outcome;
    case 'silent':
      throw new Error(`${server} did not answer within ${timeoutMs} ms`);
    case 'closed':
      throw new Error(`${server} closed the connection without an answer`);
    case 'failed':
      throw new Error(`${server} could not be asked: ${outcome.message}`);
  }
}

/** Begins a connection; it is not there yet when this resolves. */
export async function openHttp(place: HttpPlace): Promise<Socket> {
  if (place.kind === 'unix') return connect({ path: place.path });
  if (place.kind === 'http') return connect({ host: place.host, port: place.port });
  // Loaded when it is needed: hardly anybody has a certificate on a port of this host.
  const tls = await import('node:tls');
  const servername = /[a-z]/i.test(place.host) ? place.host : '';
  return tls.connect({ host: place.host, port: place.port, servername, ...place.tls });
}

/** The event of a socket that says that a request can be written. */
export function connectedEvent(place: HttpPlace): 'secureConnect' | 'connect' {
  return place.kind === 'https' ? 'secureConnect' : 'connect';
}

/** A request as it is written. */
export function requestText(
  place: HttpPlace,
  request: Pick<HttpRequest, 'method' | 'path' | 'json' | 'contentType' | 'authorization' | 'headers'>,
  connection: 'close' | 'keep-alive' = 'close',
): string {
  const { method, path, json, contentType = 'application/json', authorization, headers = {} } = request;
  const host =
    place.kind === 'unix' ? 'weir' : `${place.host.includes(':') ? `[${place.host}]` : place.host}:${place.port}`;
  const body = json === undefined ? '' : JSON.stringify(json);
  const type = json === undefined ? [] : [`Content-Type: ${contentType}`];
  const rights = authorization === undefined ? [] : [`Authorization: ${authorization}`];
  const length = method === 'POST' || json !== undefined ? [`Content-Length: ${Buffer.byteLength(body)}`] : [];
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}`,
    `Connection: ${connection}`,
    ...rights,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...type,
    ...length,
    '',
    body,
  ];
  return lines.join('\r\n');
}

/** The outcome of a connection that failed. A name with several addresses fails by all of them. */
export function failedBy(error: NodeJS.ErrnoException): HttpOutcome {
  const { code = '', message } = error;
  if (!(error instanceof AggregateError)) return { kind: 'failed', code, message };
  const all = error.errors as readonly NodeJS.ErrnoException[];
  // One address that answered says more than others that could not be asked: `localhost` where IPv6 is switched off.
  const said = all.find((one) => one.code === 'ECONNREFUSED')?.code ?? code;
  return { kind: 'failed', code: said, message: message || all.map((one) => one.message).join('; ') };
}

function headOf(bytes: Buffer): string {
  return bytes.toString('utf8', 0, 200);
}

/** Parses what a server has sent; null while there is no head of an HTTP answer. `hasEnded`: the server sends no more. */
export function parseHttpAnswer(bytes: Buffer, hasEnded: boolean): HttpAnswer | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return null;
  const head = bytes.subarray(0, end).toString('latin1');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? Number.NaN);
  if (Number.isNaN(status)) return null;
  const content = bytes.subarray(end + 4);
  if (/^transfer-encoding:.*\bchunked\s*$/im.test(head)) {
    const { body, isWhole } = joinChunks(content);
    return { status, body: body.toString('utf8'), isWhole };
  }
  const length = /^content-length:\s*(\d+)\s*$/im.exec(head)?.[1];
  const isWhole = length === undefined ? hasEnded || status === 204 : content.length >= Number(length);
  return { status, body: content.toString('utf8'), isWhole };
}

/** The content of chunks (RFC 9112, 7.1), whole with the last one. */
function joinChunks(content: Buffer): { body: Buffer; isWhole: boolean } {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = content.indexOf('\r\n', at);
    const size = lineEnd === -1 ? Number.NaN : Number.parseInt(content.subarray(at, lineEnd).toString('latin1'), 16);
    // The empty line after the last chunk is a part of the answer: on a kept connection it would begin the next one.
    if (size === 0) return { body: Buffer.concat(parts), isWhole: content.indexOf('\r\n\r\n', lineEnd) !== -1 };
    const start = lineEnd + 2;
    if (Number.isNaN(size)) return { body: Buffer.concat(parts), isWhole: false };
    parts.push(content.subarray(start, start + size));
    if (content.length < start + size) return { body: Buffer.concat(parts), isWhole: false };
    at = start + size + 2;
  }
}
