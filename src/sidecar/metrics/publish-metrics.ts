/** The writer of a supervisor's metrics file. */
import { messageOf } from '../../errors/message-of.ts';
import { connectionsSeen } from '../connections-seen.ts';
import { servingOf, statusWord } from '../supervisor/machine-view.ts';
import type { SidecarSupervisor } from '../supervisor/supervisor.ts';
import type { SidecarGauges, SidecarMetrics } from './sidecar-metrics.ts';

/** How often the file is written when nothing happens; Prometheus usually asks each 15 s. */
const EVERY_MS = 10_000;
/** Events of one moment end up in one write. */
const GATHER_MS = 100;

/** The ports of the publisher. */
export interface MetricsPorts {
  /** Writes the whole present text. */
  write(text: string): Promise<void>;
  /** Removes the written text, so that a stopped sidecar leaves no number that looks current. */
  remove(): Promise<void>;
  /** The applications of the sidecar as `weir status` shows them. */
  apps(): Promise<NonNullable<SidecarGauges['apps']>>;
  residentBytes(): number;
  warn(text: string): void;
}

/** Publishes the metrics of a supervisor from now on: soon after each event and every ten seconds. */
export class MetricsPublisher {
  readonly #metrics: SidecarMetrics;
  readonly #ports: MetricsPorts;
  #supervisor: SidecarSupervisor | null = null;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #lastProblem = '';
  #closed = false;

  constructor(metrics: SidecarMetrics, ports: MetricsPorts) {
    this.#metrics = metrics;
    this.#ports = ports;
  }

  /** Names the supervisor whose present state is published. */
  start(supervisor: SidecarSupervisor): void {
    this.#supervisor = supervisor;
    this.#closed = false;
    this.soon();
  }

  /** Something has happened. */
  soon(): void {
    this.#arm(GATHER_MS);
  }

  /** Stops publishing until another supervisor begins, and removes the published text. */
  async stop(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#writing;
    await this.#ports.remove();
  }

  #arm(ms: number): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#writing = this.#writing.then(() => this.#write()).finally(() => this.#arm(EVERY_MS));
    }, ms);
    this.#timer.unref();
  }

  async #write(): Promise<void> {
    const supervisor = this.#supervisor;
    if (supervisor === null || this.#closed) return;
    try {
      await supervisor.asked();
      const { host, specs, machine, readiness } = supervisor;
      const serving = servingOf(machine.state);
      const [pair, activeConnections, apps] = await Promise.all([
        serving === null ? null : host.pairs.read(serving.pair),
        serving === null ? null : connectionsSeen(host, specs.of(serving.id), serving.id),
        this.#ports
          .apps()
          .catch((error: Error) => this.#complain(`interception is not in the metrics: ${error.message}`)),
      ]);
      const text = this.#metrics.print({
        state: statusWord(machine, readiness),
        epoch: serving?.epoch ?? null,
        version: pair?.version ?? null,
        activeConnections,
        residentBytes: this.#ports.residentBytes(),
        apps,
      });
      await this.#ports.write(text);
    } catch (error) {
      this.#complain(`the metrics could not be written: ${messageOf(error)}`);
    }
  }

  /** Reports a problem once, not every ten seconds. */
  #complain(problem: string): null {
    if (problem !== this.#lastProblem) this.#ports.warn(problem);
    this.#lastProblem = problem;
    return null;
  }
}
