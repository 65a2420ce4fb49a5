/** The values of counters, gauges and histograms, and their text for Prometheus. */
import { formatExposition, type MetricFamily, type MetricLabels, type MetricSample } from './exposition.ts';

interface Series {
  readonly labels: MetricLabels;
  value: number;
}

interface Observed {
  readonly labels: MetricLabels;
  readonly counts: number[];
  sum: number;
  count: number;
}

/** Holds the present values of metrics; prints them in the order of `families`. */
export class MetricStore {
  readonly #families: readonly MetricFamily[];
  readonly #series = new Map<string, Map<string, Series>>();
  readonly #histograms = new Map<string, Map<string, Observed>>();
  readonly #buckets: readonly number[];

  /** `buckets`: upper bounds of every histogram, ascending, without infinity. */
  constructor(families: readonly MetricFamily[], buckets: readonly number[]) {
    this.#families = families;
    this.#buckets = buckets;
  }

  /** Adds to a counter; with 0 the series is there from the start, so that its first increase can be seen. */
  add(family: MetricFamily, labels: MetricLabels, amount: number): void {
    this.#at(family, labels).value += amount;
  }

  set(family: MetricFamily, labels: MetricLabels, value: number): void {
    this.#at(family, labels).value = value;
  }

  /** Sets one gauge for each possible state, 1 for the present one. Prometheus represents enumerations in this way. */
  setState(family: MetricFamily, labels: MetricLabels, states: readonly string[], present: string | null): void {
    for (const state of states) this.set(family, { ...labels, state }, state === present ? 1 : 0);
  }

  /** Forgets the series of a family with these labels, because what they describe may be gone. */
  clear(family: MetricFamily, labels: MetricLabels): void {
    forget(this.#series.get(family.name), labels);
  }

  /** Forgets every series and histogram with these labels. */
  clearAll(labels: MetricLabels): void {
    for (const all of [...this.#series.values(), ...this.#histograms.values()]) forget(all, labels);
  }

  /** Makes a histogram that has seen nothing, so that its first observation can be seen. */
  begin(family: MetricFamily, labels: MetricLabels): void {
    this.#observed(family, labels);
  }

  observe(family: MetricFamily, labels: MetricLabels, value: number): void {
    const seen = this.#observed(family, labels);
    for (const [index, bound] of this.#buckets.entries())
      if (value <= bound) seen.counts[index] = (seen.counts[index] ?? 0) + 1;
    seen.sum += value;
    seen.count += 1;
  }

  #observed(family: MetricFamily, labels: MetricLabels): Observed {
    const all = this.#histograms.get(family.name) ?? new Map<string, Observed>();
    this.#histograms.set(family.name, all);
    const key = JSON.stringify(labels);
    const seen = all.get(key) ?? { labels, counts: this.#buckets.map(() => 0), sum: 0, count: 0 };
    all.set(key, seen);
    return seen;
  }

  /** Everything as one text. */
  print(): string {
    return formatExposition(this.#families.map((family) => ({ family, samples: this.#samples(family) })));
  }

  #at(family: MetricFamily, labels: MetricLabels): Series {
    const all = this.#series.get(family.name) ?? new Map<string, Series>();
    this.#series.set(family.name, all);
    const key = JSON.stringify(labels);
    const series = all.get(key) ?? { labels, value: 0 };
    all.set(key, series);
    return series;
  }

  #samples(family: MetricFamily): MetricSample[] {
    if (family.type !== 'histogram') {
      const series = [...(this.#series.get(family.name)?.values() ?? [])];
      return series.map(({ labels, value }) => ({ suffix: '', labels, value }));
    }
    return [...(this.#histograms.get(family.name)?.values() ?? [])].flatMap(({ labels, counts, sum, count }) => [
      ...this.#buckets.map(
        (bound, index): MetricSample => ({
          suffix: '_bucket',
          labels: { ...labels, le: String(bound) },
          value: counts[index] ?? 0,
        }),
      ),
      { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: count },
      { suffix: '_sum', labels, value: sum },
      { suffix: '_count', labels, value: count },
    ]);
  }
}

function forget(all: Map<string, { readonly labels: MetricLabels }> | undefined, labels: MetricLabels): void {
  const wanted = Object.entries(labels);
  for (const [key, series] of all ?? []) {
    if (wanted.every(([name, value]) => series.labels[name] === value)) all?.delete(key);
  }
}
