/** Numbered requests of the tour, counted at both ends. */
import { Agent, get, type IncomingMessage, type ServerResponse } from 'node:http';

/** How to send: so many requests a second whether or not the ones before are answered, over so many kept connections. */
export interface NumberedLoadOptions {
  readonly host: string;
  readonly port: number;
  readonly perSecond: number;
  readonly connections: number;
  /** Every tenth request takes so long at the upstream, so that some are always under way. */
  readonly longMs: number;
}

/** What the client knows at the end. A request without a whole answer is lost. */
export interface NumberedCounts {
  readonly sent: number;
  readonly viaEnvoy: number;
  readonly lost: number;
  /** The first few reasons. */
  readonly errors: readonly string[];
}

const PATIENCE_MS = 30_000;

/** Requests that each carry a number of their own, so that lost and doubled ones can be counted at both ends. */
export class NumberedLoad {
  readonly #options: NumberedLoadOptions;
  readonly #agent: Agent;
  readonly #timer: NodeJS.Timeout;
  readonly #pending = new Set<Promise<void>>();
  #sent = 0;
  #viaEnvoy = 0;
  readonly #errors: string[] = [];

  constructor(options: NumberedLoadOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, maxSockets: options.connections });
    this.#timer = setInterval(() => this.#send(), 1000 / options.perSecond);
  }

  #send(): void {
    const number = this.#sent++;
    const ms = number % 10 === 0 ? this.#options.longMs : 0;
    const { host, port } = this.#options;
    const one = new Promise<void>((resolve) => {
      const lose = (why: string): void => {
        this.#errors.push(`request ${number}: ${why}`);
        resolve();
      };
      const path = `/numbered/${number}?ms=${ms}`;
      const asked = get({ host, port, path, agent: this.#agent }, (answer) => {
        let body = '';
        answer.on('data', (chunk) => (body += String(chunk)));
        answer.on('error', (error) => lose(error.message));
        answer.on('end', () => {
          if (answer.statusCode !== 200) return lose(`status ${answer.statusCode}`);
          if ((JSON.parse(body) as { viaEnvoy: boolean }).viaEnvoy) this.#viaEnvoy += 1;
          resolve();
        });
      });
      asked.setTimeout(PATIENCE_MS, () => asked.destroy(new Error('no answer in 30 s')));
      asked.on('error', (error: NodeJS.ErrnoException) => lose(error.code ?? error.message));
    });
    this.#pending.add(one);
    void one.finally(() => this.#pending.delete(one));
  }

  /** Sends nothing more, waits for every answer, and counts. */
  async stop(): Promise<NumberedCounts> {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
    this.#agent.destroy();
    return { sent: this.#sent, viaEnvoy: this.#viaEnvoy, lost: this.#errors.length, errors: this.#errors.slice(0, 3) };
  }
}

/** The upstream's side: remembers how often each number came. */
export class NumberedJournal {
  readonly #seen = new Map<string, number>();

  /** Answers a numbered request after the time that it asks for; false when it is another kind of request. */
  answer(asked: IncomingMessage, answer: ServerResponse, body: string): boolean {
    const url = new URL(asked.url ?? '/', 'http://upstream');
    if (!url.pathname.startsWith('/numbered/')) return false;
    this.#seen.set(url.pathname, (this.#seen.get(url.pathname) ?? 0) + 1);
    setTimeout(() => answer.end(body), Number(url.searchParams.get('ms') ?? 0));
    return true;
  }

  /** How many numbers came, and how many of them more than once. */
  counts(): { readonly arrived: number; readonly doubled: number } {
    return { arrived: this.#seen.size, doubled: [...this.#seen.values()].filter((times) => times > 1).length };
  }
}
