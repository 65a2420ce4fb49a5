import { chmod, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { WeirError } from '../errors/weir-error.ts';

/** Sends one JSON document as a line to the client; a client that has gone away is no error. */
export type SendLine = (message: unknown) => void;

/** Answers one request line. What it throws goes to the client as `{error}`. */
export type HandleRequest = (
  request: Readonly<Record<string, unknown>>,
  send: SendLine,
  gone: AbortSignal,
) => Promise<void>;

/** A served control socket. */
export interface ControlSocket {
  close(): Promise<void>;
}

/**
 * Serves `control.sock`, mode 0600: JSON lines in, JSON lines out, one request a connection. An abstract socket beside it
 * is the lock, because the kernel drops it with its owner. Throws WEIR4001 when another supervisor holds it.
 */
export async function serveControlSocket(path: string, handle: HandleRequest): Promise<ControlSocket> {
  // The abstract name is of one network namespace, the file of all: a supervisor in another one has to be asked.
  const lock = await takeAbstractLock(path);
  if (await hasSupervisor(path)) {
    lock.close();
    throw takenByAnother(path);
  }
  await rm(path, { force: true });
  const sockets = new Set<Socket>();
  const answers = new Set<Promise<void>>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serveConnection(socket, handle, answers);
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
  try {
    await listen(lock, `\0weir-supervisor:${path}`);
    lock.unref();
    return lock;
  } catch (error) {
    throw takenByAnother(path, error);
  }
}

function takenByAnother(path: string, cause?: unknown): WeirError {
  return new WeirError('WEIR4001', {
    what: `another supervisor serves ${path}`,
    why: 'one sidecar has one supervisor: its lock is held',
    hint: 'see `weir sidecar status`; stop the other one first',
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

function serveConnection(socket: Socket, handle: HandleRequest, answers: Set<Promise<void>>): void {
  const gone = new AbortController();
  let text = '';
  const send: SendLine = (message) => {
    if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
  };
  socket.on('error', () => socket.destroy());
  socket.on('close', () => gone.abort());
  const onData = (chunk: Buffer) => {
    text += chunk.toString('utf8');
    const end = text.indexOf('\n');
    if (end === -1) {
      if (text.length > 65_536) socket.destroy();
      return;
    }
    socket.off('data', onData);
    socket.resume();
    const answered = answer(text.slice(0, end), send, handle, gone.signal).finally(() => {
      answers.delete(answered);
      socket.end();
    });
    answers.add(answered);
  };
  socket.on('data', onData);
}

async function answer(line: string, send: SendLine, handle: HandleRequest, gone: AbortSignal): Promise<void> {
  try {
    await handle(JSON.parse(line), send, gone);
  } catch (error) {
    if (error instanceof WeirError) {
      const { code, what, why, hint, exit, details } = error;
      send({ error: { code, what, why, hint, exit, details } });
    } else {
      send({
        error: { code: 'WEIR9001', what: String(error), why: 'the supervisor failed', hint: 'see its log', exit: 70 },
      });
    }
  }
}

/**
 * Asks a supervisor: calls `onMessage` for each line and resolves to the last one. Null: nobody listens. `ended` false
 * in the last message means that the supervisor went away in the middle. `signal` ends the connection.
 */
export async function askControlSocket(
  path: string,
  request: unknown,
  onMessage: (message: Record<string, unknown>) => void = () => {},
  signal?: AbortSignal,
): Promise<Record<string, unknown> | null> {
  return new Promise((resolve) => {
    let text = '';
    let last: Record<string, unknown> = {};
    let connected = false;
    const socket = connect(path);
    signal?.addEventListener('abort', () => socket.destroy());
    socket.on('connect', () => {
      connected = true;
      socket.write(`${JSON.stringify(request)}\n`);
    });
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        last = JSON.parse(line);
        onMessage(last);
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(connected ? last : null));
  });
}

/** Whether a supervisor listens there; a socket file that a killed one left is not enough. */
export function hasSupervisor(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', () => end(true));
    socket.on('error', () => end(false));
  });
}

/** Turns an `{error}` answer of the supervisor back into the error that it was. Returns anything else unchanged. */
export function throwControlError(message: Record<string, unknown>): Record<string, unknown> {
  const error = message.error as ConstructorParameters<typeof WeirError>[1] & {
    code: ConstructorParameters<typeof WeirError>[0];
  };
  if (error === undefined) return message;
  throw new WeirError(error.code, { ...error });
}
