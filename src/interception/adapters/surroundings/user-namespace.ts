/** The owner of the network namespace, where that is another user namespace than this process's, by `lsns`. */
import { readlinkSync } from 'node:fs';
import { WeirError } from '../../../errors/weir-error.ts';
import { runTool } from '../../../platform/exec.ts';
import type { ForeignUserNamespace } from '../../surroundings/ports.ts';
import type { Seen } from '../../surroundings/seen.ts';
import { processOfUserNamespace } from './process-facts.ts';

const TIMEOUT_MS = 3000;

/**
 * The user namespace that owns this network namespace, when it is not this process's own. The kernel compares ids as
 * that namespace numbers them (nft_meta.c: from_kuid_munged), so rules made outside mean other accounts.
 */
export async function readForeignUserNamespace(run = runTool): Promise<Seen<ForeignUserNamespace | null>> {
  try {
    // NS_GET_USERNS is an ioctl, which lsns makes (column ONS, since util-linux 2.35).
    const { stdout } = await run(['lsns', '-J', '-p', String(process.pid), '-t', 'net', '-o', 'NS,ONS'], {
      timeoutMs: TIMEOUT_MS,
    });
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
