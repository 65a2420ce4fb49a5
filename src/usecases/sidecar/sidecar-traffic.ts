import type { InterceptHost } from '../host.ts';
import type { SidecarInterception } from '../ports/sidecar.ts';
import { AppBypass } from './bypass-apps.ts';
import { LeaseRenewal, type TellTraffic } from './lease-renewal.ts';
import { RuleMonitor } from './rule-monitor.ts';
import type { LeaseObserver } from './sidecar-metrics.ts';

/** The traffic of one sidecar's applications, as its supervisor keeps it: leases, the bypass, and rules that stay. */
export function sidecarTraffic(
  host: InterceptHost,
  sidecar: string,
  tell: TellTraffic,
  observer?: LeaseObserver,
): SidecarInterception {
  const bypass = new AppBypass(host, sidecar);
  const leases = new LeaseRenewal(host, sidecar, tell, observer);
  const monitor = new RuleMonitor(host, sidecar, tell);
  return {
    async bypass(on, reason) {
      if (on) return bypass.add(reason);
      // Without a lease the end of the bypass would divert nothing yet.
      await leases.renew('now');
      await bypass.lift(reason);
    },
    async whileReady() {
      const isWhole = await leases.renew('due');
      await bypass.prepare();
      // Not waited for: reading many rules must not hold up the next renewal.
      void monitor.look(isWhole ? 'due' : 'now').catch((error: Error) => {
        tell('rules', `the rules could not be looked after: ${error.message}`);
      });
    },
    whileUnready: (why) => leases.noteLapsed(why),
    whileBypassed: () => bypass.keep(),
  };
}
