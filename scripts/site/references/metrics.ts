/** The metrics as a page, from the families that the programs print. */
import { DISCOVERY_METRICS } from '../../../src/discovery/metrics/discovery-families.ts';
import { HOST_METRICS, OPERATOR_METRICS } from '../../../src/fleet/metrics/fleet-families.ts';
import { SIDECAR_METRICS } from '../../../src/sidecar/metrics/sidecar-families.ts';
import { cell, cellCode, table } from './text.ts';

const PROGRAMS = {
  'weir sidecar run': SIDECAR_METRICS,
  'weir discovery run': DISCOVERY_METRICS,
  'weir host run': HOST_METRICS,
  'weir operator run': OPERATOR_METRICS,
};

/** A table for each program. */
export function metricsPage(): string {
  const sections = Object.entries(PROGRAMS).flatMap(([program, families]) => {
    const rows = Object.values(families).map(({ help, name, type }) => [cellCode(name), type, cell(help)]);
    return [`## ${program}`, '', ...table(['metric', 'type', 'says'], rows), ''];
  });
  const intro =
    'Published with `--metrics-file`. How to collect them, and their labels: [metrics](../docs/guide/metrics.md). ' +
    'What to do when one is wrong: [alerts](../docs/guide/alerts.md).';
  return ['# Metrics', '', intro, '', ...sections].join('\n');
}
