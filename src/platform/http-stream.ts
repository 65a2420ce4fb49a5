/** An HTTP answer without an end, read line by line. */
import { connectedEvent, type HttpPlace, type HttpRequest, openHttp, requestText } from './http-exchange.ts';

/** A line of an answer may have so many UTF-16 units; a longer one ends the stream. */
const MAX_LINE = 16 * 1024 * 1024;

/**
 * Sends a request and calls back for each line of an answer in chunks. Resolves to why it ended, a clause; `signal`
 * ends it too. Never rejects.
 */
export async function streamHttpLines(
  place: HttpPlace,
  request: Pick<HttpRequest, 'method' | 'path' | 'json' | 'authorization' | 'headers'>,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<string> {
  if (signal.aborted) return 'it was ended';
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = await openHttp(place).catch((error: Error) => error);
  if (socket instanceof Error) return socket.message;
  const onAbort = () => resolve('it was ended');
  signal.addEventListener('abort', onAbort);
  const reader = new ChunkedLines(onLine);
  socket.on(connectedEvent(place), () => socket.write(requestText(place, request)));
  socket.on('data', (bytes: Buffer) => {
    const problem = reader.take(bytes);
    if (problem !== null) resolve(problem);
  });
  socket.on('error', (error) => resolve(error.message));
  socket.on('close', () => resolve('the server ended the connection'));
  const why = await promise;
  signal.removeEventListener('abort', onAbort);
  socket.destroy();
  return why;
}

/** Takes the head and the chunks of an answer (RFC 9112, 7.1) apart. */
class ChunkedLines {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new TextDecoder();
  #bytes = Buffer.alloc(0);
  #isPastHead = false;
  #text = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** Returns why the stream cannot go on, null while it can. */
  take(bytes: Buffer): string | null {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    if (!this.#isPastHead) {
      const end = this.#bytes.indexOf('\r\n\r\n');
      if (end === -1) return this.#bytes.length > 65_536 ? 'the head of the answer does not end' : null;
      const head = this.#bytes.subarray(0, end).toString('latin1');
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1];
      if (status !== '200') return `the server answered ${status ?? 'without HTTP'}`;
      if (!/^transfer-encoding:.*\bchunked\s*$/im.test(head)) return 'the answer is no stream';
      this.#isPastHead = true;
      this.#bytes = this.#bytes.subarray(end + 4);
    }
    return this.#takeChunks();
  }

  #takeChunks(): string | null {
    for (;;) {
      const lineEnd = this.#bytes.indexOf('\r\n');
      if (lineEnd === -1) return null;
      const size = Number.parseInt(this.#bytes.subarray(0, lineEnd).toString('latin1'), 16);
      if (Number.isNaN(size)) return 'the answer has a chunk without a size';
      if (size === 0) return 'the server ended the answer';
      const start = lineEnd + 2;
      if (this.#bytes.length < start + size + 2) return null;
      this.#text += this.#decoder.decode(this.#bytes.subarray(start, start + size), { stream: true });
      this.#bytes = this.#bytes.subarray(start + size + 2);
      const lines = this.#text.split('\n');
      this.#text = lines.pop() ?? '';
      if (this.#text.length > MAX_LINE) return 'a line of the answer does not end';
      for (const line of lines) if (line !== '') this.#onLine(line);
    }
  }
}
