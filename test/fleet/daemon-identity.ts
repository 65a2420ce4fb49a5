/** Who a daemon of a test is: each call is another run on the same machine. */
import { randomUUID } from 'node:crypto';
import type { HostDaemonIdentity } from '../../src/fleet/model/records.ts';

/** An identity of this machine's present boot and installation. */
export function daemonIdentity(machine: string): HostDaemonIdentity {
  return { machine, boot: `boot of ${machine}`, instance: `disk of ${machine}`, session: randomUUID() };
}
