/** Detection of the firewall back ends that work on this host. */
import { readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { unreachable } from '../../../errors/unreachable.ts';
import { WeirError } from '../../../errors/weir-error.ts';
import { gaveNoAnswer, runTool } from '../../../platform/exec.ts';
import { exists } from '../../../platform/exists.ts';
import { readRights } from '../../../platform/facts/rights-facts.ts';
import { nullIfMissing } from '../../../platform/null-if-missing.ts';
import type { Backend } from '../../backend.ts';
import { findIptables, type IptablesKind } from './iptables-tools.ts';

/** Whether a back end can be used on this host, and if not, why not. */
export interface DetectedBackend {
  readonly backend: Backend;
  readonly usable: boolean;
  /** Not usable now, because its tool gave no answer: what it can do is not known. */
  readonly isUnknown?: true;
  /** One line: the version found, or what is missing and which Debian package holds it. */
  readonly detail: string;
}

const BACKENDS: readonly Backend[] = ['nft', 'iptables-nft', 'iptables-legacy'];
const TIMEOUT_MS = 10_000;
/** The words of a tool for which there was not enough of something: it has said nothing of this kernel. */
const LACKS =
  /Too many open files|Cannot allocate memory|Memory allocation problem|[Oo]ut of memory|No buffer space|temporarily unavailable|Interrupted system call/;

/**
 * The back ends that can be used here, best first: native nft, iptables-nft, iptables-legacy. Passive: makes nothing,
 * not even a table that a later look would take for a user's choice.
 */
export async function detectBackends(run = runTool): Promise<readonly DetectedBackend[]> {
  return Promise.all(BACKENDS.map((backend) => detectBackend(backend, run)));
}

/** The same for one of them. */
export function detectBackend(backend: Backend, run = runTool): Promise<DetectedBackend> {
  switch (backend) {
    case 'nft':
      return detect(backend, () => tryNft(run));
    case 'iptables-nft':
      return detect(backend, () => tryIptables('nft', run));
    case 'iptables-legacy':
      return detect(backend, () => tryIptables('legacy', run));
    default:
      return unreachable(backend);
  }
}

/** `attempt` resolves to the version; what it throws says why the back end cannot be used. */
async function detect(backend: Backend, attempt: () => Promise<string>): Promise<DetectedBackend> {
  try {
    return { backend, usable: true, detail: await attempt() };
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    if (gaveNoAnswer(error) || LACKS.test(error.why))
      return { backend, usable: false, isUnknown: true, detail: `${error.what}: ${oneLine(error.why)}` };
    const isMissing = error.code === 'WEIR2001';
    return { backend, usable: false, detail: isMissing ? `${error.what}: ${error.hint}` : oneLine(error.why) };
  }
}

async function tryNft(run: typeof runTool): Promise<string> {
  const { stdout } = await run(['nft', '--version'], { timeoutMs: TIMEOUT_MS });
  // Needs the same rights, kernel and JSON output as everything that weir does by nft, and reads no rule of anybody.
  await run(['nft', '-j', 'list', 'chains'], { timeoutMs: TIMEOUT_MS });
  return oneLine(stdout);
}

async function tryIptables(kind: IptablesKind, run: typeof runTool): Promise<string> {
  const [tools] = await Promise.all([findIptables(kind, 'ip', run), findIptables(kind, 'ip6', run)]);
  if (kind === 'nft') await run([tools.save, '-t', 'nat'], { timeoutMs: TIMEOUT_MS });
  else await requireLegacyKernel();
  return `${tools.restore.replace(/-restore$/, '')} ${tools.version}`;
}

/** Asking iptables-legacy itself would make the table that it is asked about. */
async function requireLegacyKernel(): Promise<void> {
  const { capabilities } = await readRights();
  if (!capabilities.has('NET_ADMIN')) throw unusable('Operation not permitted: it takes root or CAP_NET_ADMIN');
  if (!(await exists('/proc/net/ip_tables_names')) && !(await hasModule('iptable_nat')))
    throw unusable('the kernel has no iptables (module iptable_nat)');
}

async function hasModule(name: string): Promise<boolean> {
  const lists = ['modules.dep', 'modules.builtin'].map((list) =>
    readFile(`/lib/modules/${release()}/${list}`, 'utf8').catch(nullIfMissing),
  );
  return (await Promise.all(lists)).some((text) => text?.includes(`/${name}.ko`) === true);
}

function unusable(why: string): WeirError {
  return new WeirError('WEIR3006', { what: 'this back end cannot be used', why, hint: 'see `weir check backend`' });
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, '; ');
}
