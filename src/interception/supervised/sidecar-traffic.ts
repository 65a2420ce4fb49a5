/** Joins bypass, leases and rule monitor for the supervisor of one sidecar. */
import type { InterceptHost } from '../host.ts';
import { AppBypass } from './bypass-apps.ts';
import { LeaseRenewal, type TellTraffic } from './lease-renewal.ts';
import type { LeaseObserver, SidecarInterception } from './ports.ts';
import { RuleMonitor } from './rule-monitor.ts';

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
  let problem = '';
  return {
    async bypass(on, reason) {
      if (on) return bypass.add(reason);
      // Without a lease the end of the bypass would divert nothing yet.
      await leases.renew('now');
      await bypass.lift(reason);
    },
    async whileReady() {
      const isWhole = await leases.renew('due');
      await bypass.liftAgain();
      await bypass.prepare();
      // Not awaited: reading many rules must not delay the next renewal.
      void monitor.look(isWhole ? 'due' : 'now').then(
        () => {
          problem = '';
        },
        // A lasting reason is reported once, until a read succeeds again.
        (error: Error) => {
          if (error.message !== problem) tell('rules', `the rules could not be looked after: ${error.message}`);
          problem = error.message;
        },
      );
    },
    whileUnready: (why) => leases.noteLapsed(why),
    whileBypassed: () => bypass.keep(),
  };
}
