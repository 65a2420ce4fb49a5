/** The metrics of all sidecars of one process, in one file. */
import type { MetricsFile } from '../../platform/process/metrics-file.ts';
import type { MetricsPorts } from './publish-metrics.ts';
import { newSidecarStore } from './sidecar-metrics.ts';

/** One store and one file for any number of publishers. */
export class SharedMetrics {
  readonly store = newSidecarStore();
  readonly #file: MetricsFile;
  readonly #sidecars = new Set<string>();
  #last: Promise<void> = Promise.resolve();

  constructor(file: MetricsFile) {
    this.#file = file;
  }

  /** Where the publisher of one sidecar writes. The file goes with the last one. */
  of(sidecar: string): Pick<MetricsPorts, 'write' | 'remove'> {
    return {
      write: (text) => {
        this.#sidecars.add(sidecar);
        return this.#inTurn(() => this.#file.write(text));
      },
      remove: () => {
        this.#sidecars.delete(sidecar);
        this.store.clearAll({ sidecar });
        return this.#inTurn(() =>
          this.#sidecars.size === 0 ? this.#file.remove() : this.#file.write(this.store.print()),
        );
      },
    };
  }

  // Two writers of one temporary file would mix their texts.
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }
}
