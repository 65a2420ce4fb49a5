import { readFile, readlink, stat } from 'node:fs/promises';

/** Facts about the network namespace that this process is in, in the form that the use cases ask for. */
export interface OwnNetworkFacts {
  readonly isHostNamespace: boolean;
  readonly hasIpv6: boolean;
  readonly netns: string;
}

/** The facts of this process's namespace; `netns` is the `--netns` value that it was entered by, '' without one. */
export async function readNetworkFacts(netns: string): Promise<OwnNetworkFacts> {
  const [isHostNamespace, hasIpv6] = await Promise.all([isInNamespaceOf(1), hasIpv6Address()]);
  return { isHostNamespace: isHostNamespace ?? true, hasIpv6, netns };
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
    // Not readable: the other way then.
  }
  try {
    const [own, other] = await Promise.all([stat(`${proc}/self/net/dev`), stat(`${proc}/${pid}/net/dev`)]);
    return own.ino === other.ino && own.dev === other.dev;
  } catch {
    return null;
  }
}

// The file is missing when the kernel has no IPv6 or was told to do without.
async function hasIpv6Address(): Promise<boolean> {
  const text = await readFile('/proc/self/net/if_inet6', 'utf8').catch(() => '');
  return text.trim() !== '';
}
