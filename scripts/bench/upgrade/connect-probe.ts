import { connect } from 'node:net';

const EVERY_MS = 5;

/** Connects again and again and notes for how long in one stretch it was refused. */
export class ConnectProbe {
  readonly #timer: NodeJS.Timeout;
  #since: number | null = null;
  #longest = 0;

  constructor(port: number) {
    this.#timer = setInterval(() => {
      const socket = connect(port, '127.0.0.1');
      socket.on('connect', () => {
        this.#ended();
        socket.resetAndDestroy();
      });
      socket.on('error', () => {
        this.#since ??= performance.now();
      });
    }, EVERY_MS);
  }

  #ended(): void {
    if (this.#since !== null) this.#longest = Math.max(this.#longest, performance.now() - this.#since);
    this.#since = null;
  }

  /** Ends the probe; resolves to the longest stretch of refusals in whole milliseconds. */
  stop(): number {
    clearInterval(this.#timer);
    this.#ended();
    return Math.round(this.#longest);
  }
}
