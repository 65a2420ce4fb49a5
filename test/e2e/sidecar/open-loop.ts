/** Load at a fixed rate, with a journal at the upstream. */
import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the client and the upstream together know of a run: where users feel it. Latencies in milliseconds. */
export interface LoadResult {
  readonly requests: number;
  /** Requests without a whole 200 answer. */
  readonly lost: number;
  /** Requests that reached the upstream more than once. */
  readonly duplicated: number;
  readonly errors: readonly string[];
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** An HTTP upstream that journals the id of every request and answers after `ms`. */
export class JournallingUpstream {
  readonly seen = new Map<string, number>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((asked, answer) => {
      const url = new URL(asked.url ?? '/', 'http://upstream');
      const id = url.pathname.slice(1);
      this.seen.set(id, (this.seen.get(id) ?? 0) + 1);
      // Nobody waits for what is still owed at the end of a test.
      setTimeout(() => answer.end(id), Number(url.searchParams.get('ms') ?? 0)).unref();
    });
    this.#server.keepAliveTimeout = 120_000;
  }

  /** `port` 0: any that is free. */
  static async start(port = 0): Promise<JournallingUpstream> {
    const upstream = new JournallingUpstream();
    await new Promise<void>((resolve) => upstream.#server.listen(port, '127.0.0.1', resolve));
    return upstream;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** How to send: requests a second, whether or not the earlier ones have been answered. */
export interface LoadOptions {
  readonly port: number;
  readonly rate: number;
  readonly connections: number;
  /** How long each request takes at the upstream, in milliseconds; taken in turn. */
  readonly lengthsMs: readonly number[];
  readonly keepAlive?: boolean;
}

let runs = 0;

/** An open-loop client: each request has an id of its own, so lost and doubled ones are counted exactly. */
export class OpenLoopClient {
  readonly #options: LoadOptions;
  readonly #agent: Agent;
  readonly #timer: NodeJS.Timeout;
  readonly #run = ++runs;
  readonly #pending = new Set<Promise<void>>();
  readonly #latencies: number[] = [];
  readonly errors: string[] = [];
  #sent = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: options.keepAlive ?? true, maxSockets: options.connections });
    this.#timer = setInterval(() => this.#send(), 1000 / options.rate);
    // A test that fails before `finish` must not keep its file alive.
    this.#timer.unref();
  }

  get failed(): number {
    return this.errors.length;
  }

  get sent(): number {
    return this.#sent;
  }

  #send(): void {
    const { port, lengthsMs } = this.#options;
    const id = `r${this.#run}-${this.#sent++}`;
    const ms = lengthsMs[this.#sent % lengthsMs.length] ?? 0;
    const started = performance.now();
    const done = new Promise<void>((resolve) => {
      const fail = (why: string) => {
        this.errors.push(`${id} at ${Math.round(performance.now() - started)} ms: ${why}`);
        resolve();
      };
      const asked = request({ host: '127.0.0.1', port, path: `/${id}?ms=${ms}`, agent: this.#agent }, (answer) => {
        let body = '';
        answer.on('data', (chunk) => {
          body += chunk;
        });
        answer.on('error', (error) => fail(error.message));
        answer.on('end', () => {
          if (answer.statusCode !== 200 || body !== id) return fail(`status ${answer.statusCode}`);
          this.#latencies.push(performance.now() - started);
          resolve();
        });
      });
      asked.on('error', (error) => fail((error as NodeJS.ErrnoException).code ?? error.message));
      asked.end();
    });
    this.#pending.add(done);
    done.finally(() => this.#pending.delete(done));
  }

  /** Sends nothing more; a test that breaks off would otherwise never end. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** Stops sending, waits for every answer, and counts. */
  async finish(upstream: JournallingUpstream): Promise<LoadResult> {
    this.stop();
    await Promise.all(this.#pending);
    this.#agent.destroy();
    const sorted = this.#latencies.sort((a, b) => a - b);
    const at = (share: number) => Math.round((sorted[Math.floor((sorted.length - 1) * share)] ?? 0) * 10) / 10;
    const mine = [...upstream.seen].filter(([id]) => id.startsWith(`r${this.#run}-`));
    return {
      requests: this.#sent,
      lost: this.errors.length,
      duplicated: mine.filter(([, count]) => count > 1).length,
      errors: this.errors.slice(0, 10),
      p50: at(0.5),
      p99: at(0.99),
      max: at(1),
    };
  }
}
