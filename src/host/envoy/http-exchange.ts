import { connect } from 'node:net';

/** One HTTP answer. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** Where to ask: a unix socket, or a TCP address. */
export type HttpTarget = { readonly path: string } | { readonly host: string; readonly port: number };

/**
 * One request without a body and its answer, on a connection of its own; null when there was none within the time. The
 * whole protocol of Envoy's admin is that, and node:http costs 14 MB of resident memory, a fifth of a supervisor.
 */
export function exchangeHttp(
  target: HttpTarget,
  method: 'GET' | 'POST',
  path: string,
  timeoutMs: number,
): Promise<HttpAnswer | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(target);
    // A whole deadline, not one of silence: a frozen process may have accepted the connection.
    const timer = setTimeout(() => socket.destroy(), timeoutMs);
    let isWhole = false;
    socket.on('connect', () => {
      socket.write(
        `${method} ${path} HTTP/1.1\r\nHost: envoy-admin\r\nConnection: close\r\n${method === 'POST' ? 'Content-Length: 0\r\n' : ''}\r\n`,
      );
    });
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => {
      isWhole = true;
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(isWhole ? parseHttpAnswer(Buffer.concat(chunks)) : null);
    });
  });
}

/** Parses everything that a server sent until it closed; null when it is no whole answer. */
export function parseHttpAnswer(bytes: Buffer): HttpAnswer | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return null;
  const head = bytes.subarray(0, end).toString('latin1');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? Number.NaN);
  if (Number.isNaN(status)) return null;
  const content = bytes.subarray(end + 4);
  if (/^transfer-encoding:.*\bchunked\s*$/im.test(head)) {
    const body = joinChunks(content);
    return body === null ? null : { status, body: body.toString('utf8') };
  }
  const length = /^content-length:\s*(\d+)\s*$/im.exec(head)?.[1];
  if (length !== undefined && content.length < Number(length)) return null;
  return { status, body: content.toString('utf8') };
}

/** The content of chunks (RFC 9112, 7.1); null when the last one is missing. */
function joinChunks(content: Buffer): Buffer | null {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = content.indexOf('\r\n', at);
    const size = lineEnd === -1 ? Number.NaN : Number.parseInt(content.subarray(at, lineEnd).toString('latin1'), 16);
    if (Number.isNaN(size)) return null;
    if (size === 0) return Buffer.concat(parts);
    const start = lineEnd + 2;
    if (content.length < start + size) return null;
    parts.push(content.subarray(start, start + size));
    at = start + size + 2;
  }
}
