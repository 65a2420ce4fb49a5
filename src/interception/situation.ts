/** The starting point of each command: state file, kernel and their differences. */
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../errors/message-of.ts';
import { WeirError } from '../errors/weir-error.ts';
import type { Backend } from './backend.ts';
import type { InterceptHost, NetworkFacts } from './host.ts';
import { type KnownApp, knownApps } from './known-apps.ts';
import type { InstalledRules } from './ports.ts';
import { describeInstalled } from './rules/off-switches.ts';
import type { StoredState } from './stored-state.ts';

/** The three back ends, best first. */
export const BACKENDS: readonly Backend[] = ['nft', 'iptables-nft', 'iptables-legacy'];

/** The knowledge of a command at its start: the state file, the kernel's rules, and the conclusions from both. */
export interface Situation {
  readonly stored: StoredState | null;
  /** Why the state file could not be read, null when it could or there is none. */
  readonly storeProblem: string | null;
  /** Back ends that could be read, with what they hold of ours. */
  readonly installed: ReadonlyMap<Backend, InstalledRules>;
  /** Back ends whose tools are there and fail, with the reason: whether they hold something of ours is unknown. */
  readonly unread: ReadonlyMap<Backend, string>;
  /** Back ends that could not be looked at, and why: what they hold is not known. */
  readonly blind: ReadonlyMap<Backend, string>;
  /** Set when the state file is about another network namespace than this one. */
  readonly elsewhere: Elsewhere | null;
  /** The remembered back end, else the one that holds rules of ours, else null. */
  readonly backend: Backend | null;
  readonly apps: ReadonlyMap<string, KnownApp>;
}

/** The other network namespace that the state file is about. */
export interface Elsewhere {
  /** The `--netns` value of then, '' without one. */
  readonly netns: string;
  /** `device:inode`, null when only its name is remembered. */
  readonly id: string | null;
  /** The kernel's own number of it, null when that is not remembered. */
  readonly cookie: string | null;
}

/** How often the situation is read at most: somebody may write the state file again and again. */
const READINGS = 3;

/**
 * Reads the situation. State file and kernel are not read in one moment, and a command may change both in between: rules
 * that are gone beside a file that still says on would look as if nobody had decided it. So both are read again when the
 * file is another one afterwards. `every` searches each usable back end for our tags, whatever is remembered; `remembered` looks
 * only at the back end of the state file where there is one, for the path on which milliseconds count; `possible` does
 * the same, and is blind where its tool is not installed, for a command that changes nothing.
 */
export async function readSituation(
  host: InterceptHost,
  search: 'every' | 'remembered' | 'possible',
): Promise<Situation> {
  for (let reading = 1; ; reading += 1) {
    const situation = await readOnce(host, search);
    if (reading === READINGS || isDeepStrictEqual((await host.store.read()).state, situation.stored)) return situation;
  }
}

async function readOnce(host: InterceptHost, search: 'every' | 'remembered' | 'possible'): Promise<Situation> {
  const [{ state, problem }, pressed, network] = await Promise.all([
    host.store.read(),
    host.panicFile.pressed(),
    host.network(),
  ]);
  const remembered = state?.backend ?? null;
  const candidates = search !== 'every' && remembered !== null ? [remembered] : BACKENDS;
  const isNeeded = (error: unknown): boolean => search !== 'possible' || !isToolMissing(error);
  const read = await Promise.all(
    candidates.map((backend) => readBackend(host, backend, backend === remembered ? isNeeded : null)),
  );
  const installed = new Map(read.flatMap(({ backend, rules }) => (rules === null ? [] : [[backend, rules]])));
  const blind = new Map(read.flatMap(({ backend, why }) => (why === null ? [] : [[backend, why]])));
  const unread = new Map(
    read.flatMap(({ backend, why, isMissing }) => (why === null || isMissing ? [] : [[backend, why]])),
  );
  const backend = remembered ?? BACKENDS.find((one) => holdsRules(installed.get(one))) ?? null;
  const rulesets = (backend === null ? undefined : installed.get(backend))?.rulesets ?? [];
  const apps = knownApps({
    stored: state?.apps ?? [],
    installed: describeInstalled(rulesets),
    pressed,
    nowMs: host.clock.now(),
  });
  const elsewhere = otherNamespace(state, network, apps);
  return { stored: state, storeProblem: problem, installed, unread, blind, elsewhere, backend, apps };
}

/** The rules of ours in one back end; `why` says why they are unknown. */
interface Look {
  readonly backend: Backend;
  readonly rules: InstalledRules | null;
  readonly why: string | null;
  /** Its tool is not there, which does not say that nobody else wrote to it. */
  readonly isMissing: boolean;
}

/**
 * `isNeeded` is there for the remembered back end: whether nothing can be said without it after this error.
 * @throws what keeps it from being read then
 */
async function readBackend(
  host: InterceptHost,
  backend: Backend,
  isNeeded: ((error: unknown) => boolean) | null,
): Promise<Look> {
  try {
    return {
      backend,
      rules: await host.firewall(backend).read(isNeeded === null ? 'nothing' : 'ours'),
      why: null,
      isMissing: false,
    };
  } catch (error) {
    if (isNeeded?.(error) === true) throw error;
    if (!(error instanceof WeirError)) return { backend, rules: null, why: messageOf(error), isMissing: false };
    const isMissing = isToolMissing(error);
    // A kernel that does not know it (EPROTONOSUPPORT) holds nothing in it.
    const isUnknown = /Protocol not supported/.test(error.why);
    const why = isMissing ? error.what : `${error.what}: ${error.why}`.replaceAll(/\s+/g, ' ');
    return { backend, rules: null, why: isUnknown ? null : why, isMissing };
  }
}

function isToolMissing(error: unknown): boolean {
  return error instanceof WeirError && error.code === 'WEIR2001';
}

/** A line for each back end that is there and could not be read. */
export function unreadBackends({ unread }: Pick<Situation, 'unread'>): string[] {
  return [...unread].map(([backend, why]) => `whether ${backend} holds rules of weir cannot be told: ${why}`);
}

/**
 * Null when the state file is about this namespace, or about none. Without the ids of both, names decide. A namespace
 * has several names; the one that holds the rules is the same.
 */
function otherNamespace(
  stored: StoredState | null,
  network: NetworkFacts,
  apps: ReadonlyMap<string, KnownApp>,
): Elsewhere | null {
  if (stored === null || !stored.apps.some((app) => app.desired === 'on')) return null;
  const [then, now] = [stored.namespace, network.namespace];
  if (then !== null && now !== null) {
    // The rules of a namespace end with the boot.
    if (then.boot !== now.boot || then.id === now.id) return null;
    return { netns: stored.netns, id: then.id, cookie: then.cookie ?? null };
  }
  const isHere = stored.netns === network.netns || [...apps.values()].some(({ kernel }) => kernel !== null);
  return isHere ? null : { netns: stored.netns, id: then?.id ?? null, cookie: then?.cookie ?? null };
}

/** Whether a back end holds any table or chain of ours. */
export function holdsRules(rules: InstalledRules | undefined): boolean {
  return rules?.rulesets.some((ruleset) => ruleset.tables.length > 0) ?? false;
}
