/** The server side of a control socket: one JSON line asks, JSON lines answer. */
import { chmod, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { WeirError } from '../errors/weir-error.ts';

/** Answers one request line by the lines that it writes; a client that has gone away is no error. Never rejects. */
export type AnswerLine = (line: string, write: (line: string) => void, gone: AbortSignal) => Promise<void>;

/** The longest request and the longest line of an answer, in UTF-16 units; a longer one ends the connection. */
const [MAX_REQUEST, MAX_REPLY] = [65_536, 4 * 1024 * 1024] as const;

/** A served control socket. */
export interface ControlSocket {
  close(): Promise<void>;
}

/**
 * Serves `control.sock`, mode 0600: JSON lines in, JSON lines out, one request a connection. A request is not answered
 * whose asker has gone away before it was read. An abstract socket beside it is the lock, because the kernel drops it
 * with its owner. Throws what `taken` makes when another process holds it:
 * WEIR4001 of a supervisor if omitted.
 */
export async function serveControlSocket(
  path: string,
  answer: AnswerLine,
  taken: (path: string, cause?: unknown, isElsewhere?: boolean) => WeirError = takenByAnother,
): Promise<ControlSocket> {
  // An abstract name is unique in one network namespace, the file in all of them. A supervisor in another namespace is
  // found only by asking.
  const lock = await takeAbstractLock(path).catch(async (error: unknown) => {
    throw taken(path, error, !(await hasSupervisor(path).catch(() => true)));
  });
  const isServed = await hasSupervisor(path).catch((error: unknown) => {
    lock.close();
    throw error;
  });
  if (isServed) {
    lock.close();
    throw taken(path);
  }
  await rm(path, { force: true });
  const sockets = new Set<Socket>();
  const answers = new Set<Promise<void>>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serveConnection(socket, answer, answers);
  });
  const umask = process.umask(0o177);
  try {
    await listen(server, path);
  } finally {
    process.umask(umask);
  }
  await chmod(path, 0o600);
  return {
    async close() {
      server.close();
      await rm(path, { force: true });
      lock.close();
      // The answer to the `stop` that ends us is still being written.
      await Promise.race([Promise.allSettled(answers), new Promise((resolve) => setTimeout(resolve, 500))]);
      for (const socket of sockets) socket.end();
      // A client that keeps its end open must not keep the supervisor alive.
      setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, 200).unref();
    },
  };
}

async function takeAbstractLock(path: string): Promise<Server> {
  const lock = createServer((socket) => socket.destroy());
  await listen(lock, `\0weir-supervisor:${path}`);
  lock.unref();
  return lock;
}

/** `isElsewhere`: the lock is held, and whoever holds it is not reached by the file. */
function takenByAnother(path: string, cause?: unknown, isElsewhere = false): WeirError {
  return new WeirError('WEIR4001', {
    what: `another supervisor serves ${path}`,
    why: isElsewhere
      ? 'its lock is held in this network namespace, and its socket is not reached from here: it runs in another container or mount namespace, or is just starting'
      : 'one sidecar has one supervisor: its lock is held',
    hint: isElsewhere
      ? 'stop it where it runs, or give this one another --run-dir'
      : 'see `weir sidecar status`; stop the other one first',
    ...(cause === undefined ? {} : { cause }),
  });
}

function listen(server: Server, path: string): Promise<AddressInfo | string | null> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve(server.address());
    });
  });
}

function serveConnection(socket: Socket, answer: AnswerLine, answers: Set<Promise<void>>): void {
  const gone = new AbortController();
  const write = (line: string) => {
    if (socket.writable) socket.write(`${line}\n`);
  };
  socket.on('error', () => socket.destroy());
  socket.on('end', () => gone.abort());
  socket.on('close', () => gone.abort());
  const answerIfAsked = async (line: string): Promise<void> => {
    // A process that was stopped reads what was asked long ago. That the asker has hung up stands behind its request, and
    // is read one whole turn of the event loop later.
    await nextTurn();
    await nextTurn();
    if (!gone.signal.aborted) await answer(line, write, gone.signal);
  };
  const stop = readLines(socket, MAX_REQUEST, (line) => {
    stop();
    socket.resume();
    // One that is too long is no request: it is answered as such.
    const answered = answerIfAsked(line ?? '').finally(() => {
      answers.delete(answered);
      socket.end();
    });
    answers.add(answered);
  });
}

/** Calls back for each whole line; null for one that is longer than `max`. Returns how to stop. */
function readLines(socket: Socket, max: number, onLine: (line: string | null) => void): () => void {
  let text = '';
  let isStopped = false;
  // Chunk by chunk, a letter of several bytes that is cut in two would be lost.
  socket.setEncoding('utf8');
  const onData = (chunk: string) => {
    text += chunk;
    for (let end = text.indexOf('\n'); end !== -1 && !isStopped; end = text.indexOf('\n')) {
      const line = text.slice(0, end);
      text = text.slice(end + 1);
      onLine(line.length > max ? null : line);
    }
    if (!isStopped && text.length > max) onLine(null);
  };
  socket.on('data', onData);
  return () => {
    isStopped = true;
    text = '';
    socket.off('data', onData);
  };
}

/**
 * Sends a line and calls back for each line of the answer, until the other side closes or `signal` aborts. Resolves to
 * whether somebody listened. Rejects with what the callback throws, and with WEIR2026 for a line without an end.
 */
export async function exchangeLines(
  path: string,
  line: string,
  onLine: (line: string) => void,
  signal?: AbortSignal,
): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  if (signal?.aborted) return false;
  let isConnected = false;
  const socket = connect(path);
  const onAbort = () => socket.destroy();
  signal?.addEventListener('abort', onAbort);
  const fail = (error: unknown) => {
    reject(error);
    socket.destroy();
  };
  socket.on('connect', () => {
    isConnected = true;
    socket.write(`${line}\n`);
  });
  readLines(socket, MAX_REPLY, (reply) => {
    if (socket.destroyed) return;
    try {
      if (reply === null) throw endlessLine(path);
      onLine(reply);
    } catch (error) {
      fail(error);
    }
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    // Nobody there is an answer; no right to ask, or no descriptor left, is none.
    if (!isConnected && !NOBODY.has(error.code ?? '')) fail(error);
    else socket.destroy();
  });
  socket.on('close', () => resolve(isConnected));
  return promise.finally(() => signal?.removeEventListener('abort', onAbort));
}

/** Errors of a connection that mean: nobody listens there. */
const NOBODY = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'ENOTDIR']);

function endlessLine(path: string): WeirError {
  return new WeirError('WEIR2026', {
    what: `the answer on ${path} cannot be read`,
    why: `it is one line of more than ${MAX_REPLY} letters`,
    hint: 'see which process listens there',
  });
}

/**
 * Whether a supervisor listens there; a socket file that a killed one left is not enough. Rejects with the error of the
 * system when that cannot be told (EACCES, EMFILE).
 */
export function hasSupervisor(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', () => end(true));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const code = error.code ?? '';
      if (NOBODY.has(code)) end(false);
      // Its queue is full: it is there, and has not accepted anything for a while.
      else if (code === 'EAGAIN') end(true);
      else reject(error);
    });
  });
}
