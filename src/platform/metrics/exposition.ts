/** A kind of number that weir publishes: its name, what it means, and how Prometheus may compute with it. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
}

/** Values of labels, in the order in which they are printed. */
export type MetricLabels = Readonly<Record<string, string>>;

/** One printed number. `suffix` is '' but for the parts of a histogram. */
export interface MetricSample {
  readonly suffix: '' | '_bucket' | '_sum' | '_count';
  readonly labels: MetricLabels;
  readonly value: number;
}

/**
 * The text exposition format 0.0.4 of Prometheus, which node_exporter's textfile collector reads. A printer of our own:
 * prom-client costs 200 ms and 20 MB at its import, a quarter of what the whole supervisor may take. A family without a
 * sample is left out. Source of the rules of escaping: prometheus.io/docs/instrumenting/exposition_formats.
 */
export function formatExposition(
  families: readonly { readonly family: MetricFamily; readonly samples: readonly MetricSample[] }[],
): string {
  const lines: string[] = [];
  for (const { family, samples } of families) {
    if (samples.length === 0) continue;
    lines.push(`# HELP ${family.name} ${family.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`);
    lines.push(`# TYPE ${family.name} ${family.type}`);
    for (const { suffix, labels, value } of samples) {
      lines.push(`${family.name}${suffix}${formatLabels(labels)} ${formatValue(value)}`);
    }
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function formatLabels(labels: MetricLabels): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    const escaped = value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
    return `${name}="${escaped}"`;
  });
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function formatValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}
