/** The owner of the network namespace, where that is another user namespace than this process's, by `lsns`. */
import { readlinkSync } from 'node:fs';
import { WeirError } from '../../../errors/weir-error.ts';
import { runTool } from '../../../platform/exec.ts';
import type { ForeignUserNamespace } from '../../surroundings/ports.ts';
import type { Seen } from '../../surroundings/seen.ts';
import { processOfUserNamespace } from './process-facts.ts';

const TIMEOUT_MS = 3000;

/** How often `lsns` is run until it ends with 0. */
const TRIES = 4;

/**
 * The user namespace that owns this network namespace, when it is not this process's own. The kernel compares ids as
 * that namespace numbers them (nft_meta.c: from_kuid_munged), so rules made outside mean other accounts.
 */
export async function readForeignUserNamespace(run = runTool): Promise<Seen<ForeignUserNamespace | null>> {
  try {
    const stdout = await listing(run);
    const [network] = (JSON.parse(stdout) as { namespaces: { ons?: number | string }[] }).namespaces;
    const owner = Number(network?.ons ?? 0);
    const own = Number(/\d+/.exec(readlinkSync('/proc/self/ns/user'))?.[0]);
    // lsns writes 0 for an owner that may not be seen: an ancestor of the own namespace, so not one inside it.
    if (owner === 0 || owner === own) return { seen: null };
    return { seen: { id: owner, pid: processOfUserNamespace(owner) } };
  } catch (error) {
    return { unseen: error instanceof WeirError ? `${error.what}: ${error.why}` : String(error) };
  }
}

/**
 * NS_GET_USERNS is an ioctl, which lsns makes (column ONS, since util-linux 2.35). It reads all processes of the host,
 * and ends with 1 and without a word when one of them ends meanwhile (util-linux 2.38): then it is run again.
 */
async function listing(run: typeof runTool): Promise<string> {
  const argv = ['lsns', '-J', '-p', String(process.pid), '-t', 'net', '-o', 'NS,ONS'] as const;
  for (let left = TRIES - 1; left > 0; left -= 1) {
    const { stdout, stderr, exitCode } = await run([...argv], { timeoutMs: TIMEOUT_MS, reject: false });
    if (exitCode === 0) return stdout;
    if (stderr !== '') break;
  }
  return (await run([...argv], { timeoutMs: TIMEOUT_MS })).stdout;
}
