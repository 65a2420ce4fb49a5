/** All alerts by the part of weir that they are about. */
import type { Alert } from './alert.ts';
import { DISCOVERY_ALERTS } from './alerts/discovery-alerts.ts';
import { FLEET_ALERTS } from './alerts/fleet-alerts.ts';
import { SIDECAR_ALERTS } from './alerts/sidecar-alerts.ts';

/** A group of rules, as Prometheus evaluates them together. */
export interface AlertGroup {
  readonly name: string;
  /** The heading in the guide. */
  readonly title: string;
  readonly alerts: readonly Alert[];
}

/** In the order of the file and of the guide. */
export const ALERT_GROUPS: readonly AlertGroup[] = [
  { name: 'weir-sidecars', title: 'Sidecars and applications', alerts: SIDECAR_ALERTS },
  { name: 'weir-discovery', title: 'Discovery', alerts: DISCOVERY_ALERTS },
  { name: 'weir-fleet', title: 'Hosts and regions', alerts: FLEET_ALERTS },
];

/** The guide that has a heading for each alert. */
export const RUNBOOK_FILE = 'alerts.md';

/** Where the runbook of an alert is, below the folder or URL of the guides. */
export function runbookOf(guides: string, { name }: Pick<Alert, 'name'>): string {
  return `${guides.replace(/\/?$/, '/')}${RUNBOOK_FILE}#${name.toLowerCase()}`;
}
