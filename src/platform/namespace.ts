/** Facts about the network namespace of this process: its identity, its address families, the host's or not. */
import { readlink, stat } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { readIpv6 } from './facts/ipv6.ts';
import { type NamespaceIdentity, ownNamespace } from './namespace-id.ts';

/** Facts about the network namespace that this process is in, in the form that the use cases ask for. */
export interface OwnNetworkFacts {
  readonly isHostNamespace: boolean;
  /** Whether any interface but loopback has an IPv4 address. */
  readonly hasIpv4: boolean;
  readonly hasIpv6: boolean;
  readonly netns: string;
  readonly namespace: NamespaceIdentity | null;
}

/** The facts of this process's namespace; `netns` is the `--netns` value that it was entered by, '' without one. */
export async function readNetworkFacts(netns: string): Promise<OwnNetworkFacts> {
  const [isHostNamespace, ipv6] = await Promise.all([isInNamespaceOf(1), readIpv6()]);
  const addresses = Object.values(networkInterfaces()).flatMap((own) => own ?? []);
  const hasIpv4 = addresses.some(({ family, internal }) => family === 'IPv4' && !internal);
  const hasIpv6 = ipv6 === 'used';
  return { isHostNamespace: isHostNamespace ?? true, hasIpv4, hasIpv6, netns, namespace: ownNamespace() };
}

/**
 * Whether this process is in the network namespace of another one; null when that cannot be found out.
 * `/proc/PID/ns/net` takes ptrace rights, which even root may lack for PID 1. `/proc/PID/net/dev` does not: it shows the
 * file of that process's namespace, and each namespace registers that file anew, under an inode number of its own.
 */
export async function isInNamespaceOf(pid: number, proc = '/proc'): Promise<boolean | null> {
  try {
    const [own, other] = await Promise.all([readlink(`${proc}/self/ns/net`), readlink(`${proc}/${pid}/ns/net`)]);
    return own === other;
  } catch {
    // Without the right to read ns/net, the inodes of net/dev are compared below.
  }
  try {
    const [own, other] = await Promise.all([stat(`${proc}/self/net/dev`), stat(`${proc}/${pid}/net/dev`)]);
    return own.ino === other.ino && own.dev === other.dev;
  } catch {
    return null;
  }
}
