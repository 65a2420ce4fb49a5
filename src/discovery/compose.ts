/** Composition of discovery: registries on the network, and the machine's clock. */
import { WeirError } from '../errors/weir-error.ts';
import type { RegistryConfig } from '../mesh/discovery-config.ts';
import { type Clock, systemClock } from '../platform/clock.ts';
import { agentLine } from './adapters/agent-line.ts';
import { authFileProblem } from './adapters/auth-file.ts';
import { networkRegistries } from './adapters/network-registries.ts';
import { ownAddress, readRuleFiles } from './adapters/rule-folder.ts';
import { writeEnvoyFile } from './adapters/write-resources.ts';
import type { RegistryReader, RulesReader } from './ports.ts';

/** Registries as this host reaches them. */
export const registryReader: RegistryReader = networkRegistries(systemClock);

/** Rules as they lie on this host. */
export const rulesReader: RulesReader = { readRuleFiles, ownAddress };

/** The clock by which changes are gathered. */
export const discoveryClock: Clock = systemClock;

/** Writes the files of an export on this machine, and the line to the agent of a run directory. */
/** Who else may read the password of a registry, a sentence; null when nobody may. */
export { agentLine, authFileProblem, writeEnvoyFile };

/** Why a registry cannot be read from here, a clause; null when it answers. Throws WEIR6004 for its file of user and password. */
export async function registryProblem(registry: RegistryConfig): Promise<string | null> {
  const nothing = { apps: new Set<string>(), interfaces: new Set<string>() };
  try {
    await registryReader.readRegistry(registry, nothing, () => {});
    return null;
  } catch (error) {
    if (error instanceof WeirError && error.code === 'WEIR6002') return error.why;
    throw error;
  }
}

/** What matters of an agent to somebody who checks a host. */
export interface AgentFacts {
  readonly serving: boolean;
  readonly held: readonly { readonly app: string; readonly reason: string; readonly wouldRemove: number }[];
  readonly nacked: readonly { readonly node: string; readonly what: string; readonly error: string }[];
  readonly lost: readonly string[];
  /** Registries that refuse to show something: how much, and the first of it. */
  readonly refused: readonly { readonly registry: string; readonly total: number; readonly first: string }[];
}

/** What the agent of a run directory says of itself; null when nobody listens, `silent` for one that took the request and did not answer it. */
export async function agentFacts(runDir: string): Promise<AgentFacts | 'silent' | null> {
  const answer = await agentLine(runDir).ask({ command: 'status' });
  if (answer.kind === 'nobody') return null;
  if (answer.kind !== 'result') return 'silent';
  const { serving, apps, streams, registries } = answer.result;
  return {
    serving,
    held: apps.flatMap(({ name, held }) => (held === null ? [] : [{ app: name, ...held }])),
    nacked: streams.flatMap(({ node, nacked }) =>
      nacked.map(({ type, name, error }) => ({ node, what: `${type} ${name}`, error })),
    ),
    lost: registries.filter(({ state }) => state === 'lost').map(({ name }) => name),
    refused: registries.flatMap(({ name, refused: { total, first } }) =>
      first.slice(0, 1).map(({ place, reason }) => ({ registry: name, total, first: `${place}: ${reason}` })),
    ),
  };
}
