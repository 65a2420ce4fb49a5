/** The identity of a network namespace, and the search for a namespace by its identity. */
import { readdirSync, statSync } from 'node:fs';
import { ownBootId } from './boot-id.ts';
import { cookieOfNamespace } from './namespace-cookie.ts';

/** Which network namespace: the numbers of its file, which say something until the next boot. */
export interface NamespaceIdentity {
  /** `device:inode` of /proc/PID/ns/net. */
  readonly id: string;
  /** The kernel's boot_id. */
  readonly boot: string;
}

/** What a namespace is found again by. Its id alone goes to the next namespace once it is gone. */
export interface RememberedNamespace {
  /** `device:inode` of its file. */
  readonly id: string;
  /** The kernel's own number of it; null where that could not be told when it was noted. */
  readonly cookie?: string | null | undefined;
}

/** The network namespace of this process; null where /proc does not show it. */
export function ownNamespace(): NamespaceIdentity | null {
  const id = namespaceId('/proc/self/ns/net');
  const boot = ownBootId();
  return id === null || boot === null ? null : { id, boot };
}

/** `device:inode` of a namespace file; null when it is not there or not to be looked at. */
export function namespaceId(file: string): string | null {
  try {
    const { dev, ino } = statSync(file);
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}

/**
 * A file of the remembered network namespace: one that `ip netns` names, else that of a process in it. Null means not
 * found, not gone: an open descriptor may hold the namespace, and other processes may be hidden. Null as well when
 * another namespace has its id by now.
 */
export function findNamespaceFile({ id, cookie }: RememberedNamespace): string | null {
  const named = ['/run/netns', '/var/run/netns'].flatMap((folder) =>
    namesIn(folder).map((name) => `${folder}/${name}`),
  );
  const processes = namesIn('/proc').filter((name) => /^\d+$/.test(name));
  const files = [...named, ...processes.map((pid) => `/proc/${pid}/ns/net`)];
  const file = files.find((one) => namespaceId(one) === id) ?? null;
  const now = file === null || cookie == null ? null : cookieOfNamespace(file);
  return now === null || now === cookie ? file : null;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
