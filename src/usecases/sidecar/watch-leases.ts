import type { SidecarHost, SidecarInterception } from '../ports/sidecar.ts';
import type { LeaseObserver } from './sidecar-metrics.ts';

/** The same host, of which every readiness question without a good answer is told: no lease is renewed then. */
export function watchReadiness(host: SidecarHost, observer: LeaseObserver): SidecarHost {
  return {
    ...host,
    async ready(spec, id, hasAdmin) {
      const isReady = await host.ready(spec, id, hasAdmin);
      if (!isReady) observer.missed('not-ready');
      return isReady;
    },
  };
}

/** The same interception, of which every round of renewals is told. */
export function watchRenewals(interception: SidecarInterception, observer: LeaseObserver): SidecarInterception {
  return {
    ...interception,
    async renewLeases() {
      try {
        await interception.renewLeases();
      } catch (error) {
        observer.missed('failed');
        throw error;
      }
      observer.renewed();
    },
  };
}
