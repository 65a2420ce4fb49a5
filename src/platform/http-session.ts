/** HTTP requests one after another over a connection that is kept: where a handshake for each would cost the server too much. */
import type { Socket } from 'node:net';
import {
  connectedEvent,
  type HttpAnswer,
  type HttpPlace,
  type HttpRequest,
  openHttp,
  parseHttpAnswer,
  ReceivedBytes,
  requestText,
} from './http-exchange.ts';

/** An answer with the server's clock. */
export interface SessionAnswer extends HttpAnswer {
  /** The header `Date`, in milliseconds since 1970 by whole seconds; null without one. */
  readonly dateMs: number | null;
  /** Whether the connection is kept for the next request. */
  readonly isKept: boolean;
}

/** What came of a request. `sent`: the server may have got it. */
export type SessionOutcome =
  | ({ readonly kind: 'answered' } & SessionAnswer)
  | { readonly kind: 'failed'; readonly sent: boolean; readonly why: string };

/** A request of a session. */
export type SessionRequest = Pick<
  HttpRequest,
  'method' | 'path' | 'json' | 'contentType' | 'authorization' | 'timeoutMs'
> & {
  /** An answer beyond this many bytes is given up. */
  readonly maxBytes: number;
};

/** An idle connection is closed after this time, in ms: before the server does it under a request. */
const IDLE_MS = 30_000;
/** A kept connection was closed before anything was answered. */
const STALE = 'stale';

/** Connections to one server. A request takes an idle one, or a new one. */
export class HttpSession {
  readonly #place: HttpPlace;
  readonly #idle: Idle[] = [];

  constructor(place: HttpPlace) {
    this.#place = place;
  }

  /** Never rejects. A kept connection that the server had closed is replaced once, if nothing was answered on it. */
  async ask(request: SessionRequest): Promise<SessionOutcome> {
    const kept = this.#idle.at(-1);
    if (kept !== undefined) {
      this.#forget(kept);
      const outcome = await this.#exchange(kept.socket, request, false);
      // Only what changes nothing may be said twice.
      const wasStale = outcome.kind === 'failed' && outcome.why === STALE;
      if (!wasStale || request.method !== 'GET')
        return wasStale ? { ...outcome, why: 'the connection was lost' } : outcome;
    }
    let socket: Socket;
    try {
      socket = await openHttp(this.#place);
    } catch (error) {
      return { kind: 'failed', sent: false, why: (error as Error).message };
    }
    return await this.#exchange(socket, request, true);
  }

  /** Ends all idle connections. */
  close(): void {
    for (const { drop } of [...this.#idle]) drop();
  }

  async #exchange(socket: Socket, request: SessionRequest, isNew: boolean): Promise<SessionOutcome> {
    const { promise, resolve } = Promise.withResolvers<SessionOutcome>();
    const received = new ReceivedBytes();
    let isSent = !isNew;
    const failed = (why: string) => resolve({ kind: 'failed', sent: isSent, why });
    const answered = (hasEnded: boolean): (HttpAnswer & { readonly head: string }) | null => {
      const { bytes } = received;
      const answer = parseHttpAnswer(bytes, hasEnded);
      return answer === null ? null : { ...answer, head: bytes.toString('latin1', 0, bytes.indexOf('\r\n\r\n')) };
    };
    const finish = ({ head, ...answer }: HttpAnswer & { readonly head: string }) => {
      const date = Date.parse(/^date:\s*(.+?)\s*$/im.exec(head)?.[1] ?? '');
      const isKept = !/^connection:.*\bclose\b/im.test(head) && /^HTTP\/1\.1/.test(head);
      resolve({ kind: 'answered', ...answer, dateMs: Number.isNaN(date) ? null : date, isKept });
    };
    const timer = setTimeout(() => failed(`no answer within ${request.timeoutMs} ms`), request.timeoutMs);
    const send = () => {
      isSent = true;
      socket.write(requestText(this.#place, request, 'keep-alive'));
    };
    socket.ref();
    const onData = (chunk: Buffer) => {
      received.add(chunk);
      if (received.length > request.maxBytes) failed(`the answer has more than ${request.maxBytes} bytes`);
      else if (received.isForeign) failed('the server answered without HTTP');
      else if (received.mayBeWhole()) {
        const answer = answered(false);
        if (answer?.isWhole === true) finish(answer);
      }
    };
    const onEnd = () => {
      const answer = answered(true);
      if (answer?.isWhole === true) finish(answer);
      else failed(received.length === 0 && !isNew ? STALE : 'the server ended the connection without a whole answer');
    };
    const onError = (error: NodeJS.ErrnoException) => failed(received.length === 0 && !isNew ? STALE : error.message);
    const onClose = () => failed(received.length === 0 && !isNew ? STALE : 'the connection was lost');
    // Only our own listeners come and go: TLS has others on the socket.
    socket.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
    if (isNew) socket.on(connectedEvent(this.#place), send);
    else send();
    const outcome = await promise;
    clearTimeout(timer);
    socket.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
    if (outcome.kind === 'answered' && outcome.isKept) this.#keep(socket);
    else socket.on('error', ignore).destroy();
    return outcome;
  }

  #keep(socket: Socket): void {
    const drop = () => {
      this.#forget(idle);
      socket.on('error', ignore).destroy();
    };
    const idle: Idle = { socket, drop };
    socket.on('error', drop).on('end', drop).on('close', drop).on('data', drop);
    socket.setTimeout(IDLE_MS, drop);
    // A command ends although a connection is kept.
    socket.unref();
    this.#idle.push(idle);
  }

  #forget(idle: Idle): void {
    const at = this.#idle.indexOf(idle);
    if (at >= 0) this.#idle.splice(at, 1);
    const { socket, drop } = idle;
    socket.off('error', drop).off('end', drop).off('close', drop).off('data', drop).off('timeout', drop);
    socket.setTimeout(0);
  }
}

/** A connection that waits for the next request. */
interface Idle {
  readonly socket: Socket;
  drop(): void;
}

function ignore(): void {}
