/** The checks of `weir check conntrack`. */
import { type Check, finding } from './check-finding.ts';

/** Shares of the table at which a burst of connections may fill it. */
const WARNING_SHARE = 0.75;
const ERROR_SHARE = 0.9;

/** Room in the connection tracking table. */
export const CONNTRACK_CHECKS: readonly Check[] = [
  {
    about: 'room in the connection tracking table',
    why: 'a redirected connection takes one entry; when the table is full the kernel drops new connections of everybody',
    async run(host) {
      // The count is this namespace's own, the limit is shared with the host's.
      const room = await host.facts.conntrackRoom();
      if (room === null) return [finding('ok', 'connections are not tracked yet; the first `on` begins it', this.why)];
      if (room.max === 0)
        return [
          finding('ok', 'the connection tracking table has no limit', this.why, { evidence: `${room.count} entries` }),
        ];
      const share = room.count / room.max;
      const evidence = `${room.count} of ${room.max} entries`;
      const what = `${Math.round(share * 100)} % of the connection tracking table is used`;
      if (share < WARNING_SHARE) return [finding('ok', what, this.why, { evidence })];
      const hint = `raise it: \`sysctl -w net.netfilter.nf_conntrack_max=${room.max * 2}\` (in the host's own namespace)`;
      return [finding(share < ERROR_SHARE ? 'warning' : 'error', what, this.why, { hint, evidence })];
    },
  },
  {
    about: 'how long idle connections are tracked',
    why: 'a proxied connection that conntrack has forgotten is reset at its next packet; a direct one goes on',
    async run(host) {
      const limits = await host.intercept.surroundings.limits();
      if ('unseen' in limits) return [finding('skipped', `${this.about}: not known`, limits.unseen)];
      const { establishedTimeoutS, keepaliveS } = limits.seen;
      if (establishedTimeoutS === null || keepaliveS === null) return [];
      const evidence = `nf_conntrack_tcp_timeout_established ${establishedTimeoutS} s, tcp_keepalive_time ${keepaliveS} s`;
      if (establishedTimeoutS > keepaliveS)
        return [finding('ok', 'idle connections stay tracked until TCP asks for the peer', this.why, { evidence })];
      return [
        finding(
          'warning',
          `idle connections are forgotten after ${establishedTimeoutS} s, before TCP asks for the peer`,
          this.why,
          {
            hint: `raise it: \`sysctl -w net.netfilter.nf_conntrack_tcp_timeout_established=${keepaliveS * 2}\`, or lower net.ipv4.tcp_keepalive_time`,
            evidence,
          },
        ),
      ];
    },
  },
];
