import { describeInstalled } from '../intercept/switch-off.ts';
import type { InterceptHost } from './host.ts';
import { type KnownApp, knownApps } from './known-apps.ts';
import type { Backend, InstalledRules } from './ports.ts';
import type { StoredState } from './stored-state.ts';

/** The three back ends, best first. */
const BACKENDS: readonly Backend[] = ['nft', 'iptables-nft', 'iptables-legacy'];

/** All that a command knows when it begins: what is remembered, what the kernel holds, what follows from both. */
export interface Situation {
  readonly stored: StoredState | null;
  /** Why the state file could not be read, null when it could or there is none. */
  readonly storeProblem: string | null;
  /** Back ends whose tools are there, with what they hold of ours. */
  readonly installed: ReadonlyMap<Backend, InstalledRules>;
  /** The remembered back end, else the one that holds rules of ours, else null. */
  readonly backend: Backend | null;
  readonly apps: ReadonlyMap<string, KnownApp>;
}

/**
 * Reads the situation. `every` searches each usable back end for our tags, whatever is remembered; `remembered` looks
 * only at the back end of the state file where there is one, for the path on which milliseconds count.
 */
export async function readSituation(host: InterceptHost, search: 'every' | 'remembered'): Promise<Situation> {
  const [{ state, problem }, pressed] = await Promise.all([host.store.read(), host.panicFile.pressed()]);
  const remembered = state?.backend ?? null;
  const candidates = search === 'remembered' && remembered !== null ? [remembered] : BACKENDS;
  const read = await Promise.all(candidates.map((backend) => readBackend(host, backend, backend === remembered)));
  const installed = new Map(read.flatMap((one) => (one === null ? [] : [one])));
  const backend = remembered ?? BACKENDS.find((one) => holdsRules(installed.get(one))) ?? null;
  const rulesets = (backend === null ? undefined : installed.get(backend))?.rulesets ?? [];
  const apps = knownApps({
    stored: state?.apps ?? [],
    installed: describeInstalled(rulesets),
    pressed,
    nowMs: host.clock.now(),
  });
  return { stored: state, storeProblem: problem, installed, backend, apps };
}

/** A back end that cannot be read holds nothing of ours, unless it is the one that is remembered. */
async function readBackend(
  host: InterceptHost,
  backend: Backend,
  isRemembered: boolean,
): Promise<[Backend, InstalledRules] | null> {
  try {
    return [backend, await host.firewall(backend).read()];
  } catch (error) {
    if (isRemembered) throw error;
    return null;
  }
}

/** Whether a back end holds any table or chain of ours. */
export function holdsRules(rules: InstalledRules | undefined): boolean {
  return rules?.rulesets.some((ruleset) => ruleset.tables.length > 0) ?? false;
}
