/** The progress of a starting Envoy with its control plane, by its admin interface. */
import type { AdminAddress } from '../../mesh/mesh-config.ts';
import { askAdmin } from './envoy-admin.ts';

/** Progress of one start. */
export interface InitProgress {
  /** Changes with each arrival. Counters do not work: a hot-restart child adds its parent's counters to its own. */
  readonly fingerprint: string;
  /** Whether anything has arrived. */
  readonly hasBegun: boolean;
  /** Whether an answer about listeners is awaited. */
  readonly lacksListeners: boolean;
  /** The awaited resources, in words. */
  readonly waitsFor: string;
}

const STATS = '/stats?filter=connected_state$|cds.version$|lds.version$|^cluster\\..*\\.version$|^sds\\..*\\.version$';

/** Asks for the gauges of the subscriptions; null when the admin does not answer. */
export async function askInitProgress(admin: AdminAddress, timeoutMs: number): Promise<InitProgress | null> {
  const answer = await askAdmin(admin, encodeURI(STATS), { timeoutMs });
  if (answer === null || answer.status !== 200) return null;
  const gauges = [...answer.body.matchAll(/^(\S+): (\d+)$/gm)].map(([, name = '', value = '']) => ({ name, value }));
  const arrived = gauges.filter(({ name, value }) => name.endsWith('.version') && value !== '0');
  const isConnected = gauges.find(({ name }) => name === 'control_plane.connected_state')?.value !== '0';
  const missing = ['cluster_manager.cds.version', 'listener_manager.lds.version']
    .filter((wanted) => gauges.some(({ name, value }) => name === wanted && value === '0'))
    .map((name) => (name.startsWith('cluster') ? 'clusters' : 'listeners'));
  const lacks = missing.length === 0 ? 'resources' : missing.join(' and ');
  return {
    fingerprint: JSON.stringify([isConnected, arrived]),
    hasBegun: arrived.length > 0,
    lacksListeners: missing.includes('listeners'),
    waitsFor: isConnected
      ? `it waits for ${lacks} of its control plane`
      : `its control plane is not connected (control_plane.connected_state is 0); it waits for ${lacks}`,
  };
}
