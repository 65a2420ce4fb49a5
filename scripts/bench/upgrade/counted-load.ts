import { Agent, request as httpRequest, type RequestOptions } from 'node:http';
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import type { JournallingUpstream } from '../../../test/e2e/sidecar/open-loop.ts';

/** What the client speaks to the proxy. */
export const TRAFFIC_KINDS = ['keep-alive', 'close', 'http2'] as const;
export type TrafficKind = (typeof TRAFFIC_KINDS)[number];

/** A kind of request by how long the upstream takes for it, and how many of them a second are sent. */
export interface RequestClass {
  readonly name: 'short' | 'long' | 'over';
  readonly perSecond: number;
  /** Taken in turn, ms. */
  readonly lengthsMs: readonly number[];
}

/** What became of the requests of one class. */
export interface ClassCounts {
  readonly sent: number;
  readonly failed: number;
}

/** What became of all requests of a run. Times are milliseconds on top of what the upstream takes. */
export interface LoadCounts {
  readonly classes: Readonly<Record<RequestClass['name'], ClassCounts>>;
  readonly duplicated: number;
  readonly p50: number;
  readonly p99Quiet: number;
  readonly p99During: number;
  readonly max: number;
  /** Of long runs only the first reasons. */
  readonly errors: readonly string[];
}

interface Asked {
  readonly id: string;
  readonly ms: number;
  readonly during: boolean;
}

type Transport = { ask(path: string, ms: number): Promise<{ status: number; body: string }>; close(): void };

let runs = 0;

/**
 * An open loop: every class sends at its own pace whether or not the earlier requests were answered, each request with a
 * number of its own that the upstream journals. `isDuring` tells the requests sent while an upgrade is under way apart
 * from those sent between two, so that both see the same noise of the machine.
 */
export class CountedLoad {
  isDuring = false;
  readonly #transport: Transport;
  readonly #timer: NodeJS.Timeout;
  readonly #classes: readonly RequestClass[];
  readonly #upstream: JournallingUpstream;
  readonly #run = `c${++runs}`;
  readonly #began = performance.now();
  readonly #pending = new Set<Promise<void>>();
  readonly #sent = { short: 0, long: 0, over: 0 };
  readonly #failed = { short: 0, long: 0, over: 0 };
  readonly #latencies: { during: boolean; ms: number }[] = [];
  readonly #errors: string[] = [];

  constructor(options: {
    readonly port: number;
    readonly kind: TrafficKind;
    readonly connections: number;
    readonly classes: readonly RequestClass[];
    readonly upstream: JournallingUpstream;
  }) {
    this.#classes = options.classes;
    this.#upstream = options.upstream;
    this.#transport =
      options.kind === 'http2'
        ? http2Transport(options.port, options.connections)
        : http1Transport(options.port, options.connections, options.kind === 'keep-alive');
    this.#timer = setInterval(() => this.#sendWhatIsDue(), 5);
  }

  /** How many requests have failed so far. */
  get failed(): number {
    return this.#failed.short + this.#failed.long + this.#failed.over;
  }

  #sendWhatIsDue(): void {
    const seconds = (performance.now() - this.#began) / 1000;
    for (const { name, perSecond, lengthsMs } of this.#classes) {
      while (this.#sent[name] < seconds * perSecond) {
        const number = this.#sent[name]++;
        const ms = lengthsMs[number % lengthsMs.length] ?? 0;
        const one = this.#send(name, { id: `${this.#run}-${name}-${number}`, ms, during: this.isDuring });
        this.#pending.add(one);
        void one.finally(() => this.#pending.delete(one));
      }
    }
  }

  async #send(name: RequestClass['name'], { id, ms, during }: Asked): Promise<void> {
    const sent = performance.now();
    try {
      const { status, body } = await this.#transport.ask(`/${id}?ms=${ms}`, ms);
      if (status !== 200 || body !== id) throw new Error(`status ${status}`);
      this.#latencies.push({ during, ms: performance.now() - sent - ms });
    } catch (error) {
      this.#failed[name] += 1;
      const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
      if (this.#errors.length < 10) this.#errors.push(`${id} after ${Math.round(performance.now() - sent)} ms: ${why}`);
    }
  }

  /** Sends nothing more; what is under way goes on. */
  pause(): void {
    clearInterval(this.#timer);
  }

  /** Sends nothing more, waits for every answer, and counts. */
  async finish(): Promise<LoadCounts> {
    this.pause();
    await Promise.all(this.#pending);
    this.#transport.close();
    const all = this.#latencies.map(({ ms }) => ms);
    const part = (during: boolean) => this.#latencies.filter((one) => one.during === during).map(({ ms }) => ms);
    const doubled = [...this.#upstream.seen].filter(([id, times]) => id.startsWith(`${this.#run}-`) && times > 1);
    const of = (name: RequestClass['name']) => ({ sent: this.#sent[name], failed: this.#failed[name] });
    return {
      classes: { short: of('short'), long: of('long'), over: of('over') },
      duplicated: doubled.length,
      p50: percentile(all, 0.5),
      p99Quiet: percentile(part(false), 0.99),
      p99During: percentile(part(true), 0.99),
      max: percentile(all, 1),
      errors: this.#errors,
    };
  }
}

/** A value of a sample: 0.5 is the median, 1 the greatest; 0 for an empty one. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
}

/** Every connection is used in turn: one agent for all would send nearly everything over the few that it used last. */
function http1Transport(port: number, connections: number, keepAlive: boolean): Transport {
  const slots = Array.from({ length: connections }, () => ({
    agent: new Agent({ keepAlive, maxSockets: 1 }),
    busy: 0,
    freeAt: 0,
  }));
  let turn = 0;
  const next = () => {
    for (let tries = 0; tries < connections; tries += 1) {
      const slot = slots[turn++ % connections];
      if (slot?.busy === 0) return slot;
    }
    // After a stall of the machine all may be busy: nothing short is to wait behind 20 s.
    return slots.toSorted((a, b) => a.freeAt - b.freeAt)[0];
  };
  return {
    ask(path, ms) {
      const slot = next();
      if (slot === undefined) throw new RangeError('there is no connection');
      slot.busy += 1;
      slot.freeAt = Math.max(slot.freeAt, performance.now()) + ms;
      return http1Request({ host: '127.0.0.1', port, agent: slot.agent, path }).finally(() => {
        slot.busy -= 1;
      });
    },
    close: () => {
      for (const { agent } of slots) agent.destroy();
    },
  };
}

function http1Request(options: RequestOptions): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(options, (answer) => {
      let body = '';
      answer.on('data', (chunk) => (body += String(chunk)));
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** Sessions in turn; one that was told GOAWAY, or that ended, is replaced before the next request. */
function http2Transport(port: number, connections: number): Transport {
  const sessions: (ClientHttp2Session | null)[] = Array.from({ length: connections }, () => null);
  let turn = 0;
  function session(slot: number): ClientHttp2Session {
    const there = sessions[slot];
    if (there !== null && there !== undefined && !there.closed && !there.destroyed) return there;
    const fresh = connect(`http://127.0.0.1:${port}`);
    // What its streams met is told by the streams.
    fresh.on('error', () => {});
    fresh.on('goaway', () => {
      if (sessions[slot] === fresh) sessions[slot] = null;
    });
    sessions[slot] = fresh;
    return fresh;
  }
  return {
    ask: (path) =>
      new Promise((resolve, reject) => {
        const stream = session(turn++ % connections).request({ ':path': path });
        let status = 0;
        let body = '';
        stream.on('response', (headers) => (status = Number(headers[constants.HTTP2_HEADER_STATUS])));
        stream.on('data', (chunk) => (body += String(chunk)));
        stream.on('error', reject);
        stream.on('end', () => resolve({ status, body }));
        stream.on('close', () => reject(new Error('closed without an answer')));
      }),
    close: () => {
      for (const one of sessions) one?.destroy();
    },
  };
}
