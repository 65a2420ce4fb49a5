/** Small Debians with systemd, for the tests of units and of packages. */
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { $ } from 'zx';
import { aptInstall, canInstallPackages, isInstalled } from './packages.ts';

const PACKAGES = ['systemd', 'systemd-sysv', 'dbus', 'iproute2', 'nftables', 'conntrack', 'procps', 'perl-base'];

/** Debian 12 and 13: neither has a Node. */
export const DEBIANS = ['bookworm', 'trixie'] as const;
export type Debian = (typeof DEBIANS)[number];

/** The root of such a Debian, once `installSystemdRoots` has run: in $WEIR_CACHE_DIR, else .cache of the project. */
export function systemdRoot(debian: Debian = 'bookworm'): string {
  const cache = process.env.WEIR_CACHE_DIR || join(import.meta.dirname, '..', '..', '.cache');
  return join(cache, 'systemd', debian === 'bookworm' ? 'root' : debian);
}

/** Makes them by debootstrap unless they are there; resolves to one line for each that stays missing. */
export async function installSystemdRoots(): Promise<string[]> {
  const missing: string[] = [];
  for (const debian of DEBIANS) missing.push(...(await installRoot(debian)));
  return missing;
}

async function installRoot(debian: Debian): Promise<string[]> {
  const root = systemdRoot(debian);
  const needs = `a Debian (${debian}) with systemd, needed for the tests of units and packages`;
  if (existsSync(join(root, 'sbin', 'init'))) return [];
  if (!(await canInstallPackages())) return [`${needs}: this is not root with apt-get`];
  if (!(await isInstalled('debootstrap'))) await aptInstall(['debootstrap']);
  const work = `${root}.new`;
  await rm(work, { recursive: true, force: true });
  process.stdout.write(`making a Debian (${debian}) with systemd in ${root}\n`);
  const quiet = $({ nothrow: true, quiet: true });
  const made = await quiet`debootstrap --variant=minbase --include=${PACKAGES.join(',')} ${debian} ${work}`;
  if (made.exitCode !== 0) return [`${needs}: ${made.stdout.trim().split('\n').at(-1)}`];
  await rm(root, { recursive: true, force: true });
  await rename(work, root);
  return [];
}
