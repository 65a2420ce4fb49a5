/** Reads the kernel's release, its configuration and the fill of its conntrack table. */
import { readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { readIpv6 } from '../../platform/facts/ipv6.ts';
import { isForbidden, nullIfMissing } from '../../platform/null-if-missing.ts';
import type { ConntrackRoom, KernelFacts } from '../ports.ts';

/** Facts about the running kernel, from /proc and its published configuration. */
export async function readKernelFacts(): Promise<KernelFacts> {
  const [ipv6, config] = await Promise.all([readIpv6(), readKernelConfig()]);
  return {
    release: release(),
    hasIpv6: ipv6 === 'used',
    canAbortSockets: config === null ? null : /^CONFIG_INET_DIAG_DESTROY=y$/m.test(config),
  };
}

/** How full the connection tracking table of this network namespace is; null while nothing tracks. */
export async function readConntrackRoom(): Promise<ConntrackRoom | null> {
  const folder = '/proc/sys/net/netfilter';
  const [count, max] = await Promise.all([
    readText(`${folder}/nf_conntrack_count`),
    readText(`${folder}/nf_conntrack_max`),
  ]);
  if (count === null || max === null) return null;
  return { count: Number(count), max: Number(max) };
}

/** Kernels publish their configuration in /proc where CONFIG_IKCONFIG_PROC is set, distributions beside the image. */
async function readKernelConfig(): Promise<string | null> {
  const packed = await readFile('/proc/config.gz').catch(nullIfHidden);
  if (packed !== null) return (await promisify(gunzip)(packed)).toString('utf8');
  return readFile(`/boot/config-${release()}`, 'utf8').catch(nullIfHidden);
}

/** Null for a file that is not there or may not be read; throws every other error. */
function nullIfHidden(error: unknown): null {
  return isForbidden(error) ? null : nullIfMissing(error);
}

/** The text of a file, or null when it is not there. */
async function readText(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(nullIfMissing);
}
