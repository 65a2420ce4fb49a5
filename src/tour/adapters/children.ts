/** Programs that the tour starts and that die with it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A child that dies with this process, whatever ends it, and that `end` waits for. */
export interface OwnedChild {
  readonly pid: number;
  readonly process: ChildProcess;
  /** SIGKILL, and resolves when the kernel has reaped it. */
  end(): Promise<void>;
}

/** Starts a long-lived program that the kernel kills when this process dies (PDEATHSIG), so that nothing is left behind. */
export function startOwned(
  argv: readonly string[],
  options: { readonly stdio: 'pipe' | 'ignore'; readonly env?: NodeJS.ProcessEnv },
): OwnedChild {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...argv], {
    stdio: [options.stdio, options.stdio, options.stdio === 'pipe' ? 'inherit' : 'ignore'],
    env: options.env ?? process.env,
  });
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  if (child.pid === undefined) throw new Error(`${argv[0]} could not be started`);
  const end = async (): Promise<void> => {
    child.kill('SIGKILL');
    await gone;
  };
  return { pid: child.pid, process: child, end };
}

/** A child that takes one JSON command a line and answers each under its id. */
export class ActorClient {
  readonly #child: OwnedChild;
  readonly #waiting = new Map<number, (reply: Record<string, unknown>) => void>();
  #next = 1;

  constructor(child: OwnedChild) {
    this.#child = child;
    const { stdout } = child.process;
    if (stdout === null) throw new TypeError('an actor needs pipes');
    createInterface({ input: stdout }).on('line', (line) => {
      const reply = JSON.parse(line) as Record<string, unknown>;
      this.#waiting.get(Number(reply.id))?.(reply);
      this.#waiting.delete(Number(reply.id));
    });
    child.process.once('exit', () => {
      for (const resolve of this.#waiting.values()) resolve({ error: 'the actor has ended' });
    });
  }

  /** Sends one command; resolves to its answer. */
  ask(command: Record<string, unknown>): Promise<Record<string, unknown>> {
    const id = this.#next++;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.process.stdin?.write(`${JSON.stringify({ ...command, id })}\n`);
    });
  }

  end(): Promise<void> {
    return this.#child.end();
  }
}
