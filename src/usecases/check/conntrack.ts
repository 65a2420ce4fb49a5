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
      const share = room.count / room.max;
      const evidence = `${room.count} of ${room.max} entries`;
      const what = `${Math.round(share * 100)} % of the connection tracking table is used`;
      if (share < WARNING_SHARE) return [finding('ok', what, this.why, { evidence })];
      const hint = `raise it: \`sysctl -w net.netfilter.nf_conntrack_max=${room.max * 2}\` (in the host's own namespace)`;
      return [finding(share < ERROR_SHARE ? 'warning' : 'error', what, this.why, { hint, evidence })];
    },
  },
];
