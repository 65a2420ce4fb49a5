/** Makes the tour root of a user namespace where it is not root. */
import { spawnSync } from 'node:child_process';
import { WeirError } from '../../errors/weir-error.ts';

/**
 * Without root, replaces the process by itself as root of a new user namespace in which many accounts are mapped: the
 * tour needs three, and only newuidmap may map more than one. Returns when nothing is to be done.
 * @throws WeirError exit 3 with what the system would have to allow
 */
export function becomeRootOfUserNamespace(argv: readonly [string, ...string[]]): void {
  if (process.getuid?.() === 0) return;
  const unshare = ['unshare', '--user', '--map-root-user', '--map-auto', '--net', '--mount', '--'] as const;
  const tried = spawnSync(unshare[0], [...unshare.slice(1), 'true'], { encoding: 'utf8', timeout: 5000 });
  if (tried.status === 0 && typeof process.execve === 'function') {
    process.execve('/usr/bin/env', ['env', ...unshare, ...argv], process.env);
  }
  throw new WeirError('WEIR2006', {
    what: 'the tour needs root, or user namespaces with several accounts',
    why: `\`${unshare.join(' ')} true\` failed: ${(tried.stderr ?? '').trim() || tried.error?.message || `exit ${tried.status}`}`,
    hint: 'run it as root (sudo npm run tour), or install the package uidmap and give your account a range in /etc/subuid and /etc/subgid',
  });
}
