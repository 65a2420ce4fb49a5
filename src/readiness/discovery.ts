/** The checks of `weir check discovery`. */
import { messageOf } from '../errors/message-of.ts';
import { type Check, type CheckFinding, finding } from './check-finding.ts';
import type { CheckHost } from './check-host.ts';
import type { DiscoveryAgentFacts } from './ports.ts';

const REGISTRY_WHY =
  'endpoints come from the registries; an agent that starts without them serves its snapshot, or nobody';
const SECRET_WHY = 'whoever reads it can register instances and take the calls of others';
const AGENT_WHY = 'an Envoy that starts without the agent does not become ready; one that runs keeps what it has';

const UPGRADE_WHY =
  'Dubbo has no signal to connect anew: its calls fail between the end of a connection and the next one';

/** Whether the registries answer, and what the agent says. */
export const DISCOVERY_CHECKS: readonly Check[] = [
  {
    about: 'the registries',
    why: REGISTRY_WHY,
    async run({ facts, config }) {
      if (config.state === 'broken')
        return [finding('skipped', 'mesh.yaml cannot be read', REGISTRY_WHY, { hint: 'see `weir config check`' })];
      if (config.state === 'missing' || config.mesh.discovery === undefined)
        return [finding('ok', 'no discovery is asked for', REGISTRY_WHY)];
      const named = config.mesh.discovery.registries.flatMap((name) => config.mesh.registries?.get(name) ?? []);
      const found = await Promise.all(
        named.map(async (registry) => {
          const problem = await facts.registryProblem(registry);
          if (problem === null) return finding('ok', `${registry.name} answers`, REGISTRY_WHY);
          return finding('error', `${registry.name} does not answer`, REGISTRY_WHY, {
            hint: `see whether a server of ${registry.name} can be reached from this host`,
            evidence: problem,
          });
        }),
      );
      const files = named.flatMap(({ authFile }) => authFile ?? []);
      return [...found, ...(await Promise.all(files.map((file) => judgeSecret(file, facts)))).flat()];
    },
  },
  {
    about: 'the discovery agent',
    why: AGENT_WHY,
    async run({ facts, config, runDir }) {
      if (config.state !== 'good' || config.mesh.discovery === undefined) return [];
      const agent = await facts.discoveryAgent(runDir);
      if (agent === null) {
        const hint = 'start it with `weir discovery run`, or by its service';
        return [finding('warning', 'no discovery agent runs', AGENT_WHY, { hint })];
      }
      if (agent === 'silent') {
        const hint = 'it is stopped, or hangs: see its process and its log; Envoys keep what they have';
        return [finding('error', 'the discovery agent does not answer', AGENT_WHY, { hint })];
      }
      return judgeAgent(agent);
    },
  },
  {
    about: 'consumers of Dubbo in an upgrade of Envoy',
    why: UPGRADE_WHY,
    async run({ config }) {
      if (config.state !== 'good' || config.mesh.discovery === undefined) return [];
      const { apps, sidecars } = config.mesh;
      const consuming = new Set([...apps.values()].flatMap((app) => (app.consumes === undefined ? [] : [app.sidecar])));
      return [...consuming].flatMap((name) => {
        const process = sidecars.get(name)?.process;
        if (process === undefined || (process.notify?.consumer ?? null) !== null) return [];
        const hint =
          'weir-dubbo.jar with `notify`, or `cluster.availablecheck=false` in the URL of their registry, ends that: docs/guide/dubbo-sdk.md';
        return [
          finding('warning', `consumers behind ${name} lose calls when its Envoy is replaced`, UPGRADE_WHY, { hint }),
        ];
      });
    },
  },
];

async function judgeSecret(file: string, facts: CheckHost['facts']): Promise<readonly CheckFinding[]> {
  try {
    const what = await facts.authFileProblem(file);
    return what === null ? [] : [finding('warning', what, SECRET_WHY, { hint: 'chmod 0600' })];
  } catch (error) {
    const hint = 'look with a user who may see it, such as root';
    const evidence = messageOf(error);
    return [finding('unknown', `whether others may read ${file} is not known`, SECRET_WHY, { hint, evidence })];
  }
}

function judgeAgent({ serving, held, nacked, lost, refused }: DiscoveryAgentFacts): readonly CheckFinding[] {
  const found: CheckFinding[] = [];
  if (!serving) {
    const hint = 'see `weir discovery status`: it waits for the first listing of all registries';
    found.push(finding('error', 'the agent runs and answers no Envoy', AGENT_WHY, { hint }));
  }
  for (const name of lost)
    found.push(
      finding('warning', `the agent has no session with ${name}: what it last said counts`, AGENT_WHY, {
        hint: `see whether a server of ${name} can be reached from this host`,
      }),
    );
  for (const { registry, total, first } of refused)
    found.push(
      finding('warning', `${registry} refuses to show ${total} places: what it last said of them counts`, AGENT_WHY, {
        hint: 'see `weir discovery status`; where weir has no right, give its user (auth in mesh.yaml) the right to read',
        evidence: first,
      }),
    );
  for (const { app, reason, wouldRemove } of held) {
    const hint = `see \`weir discovery endpoints ${app}\`; \`weir discovery confirm ${app}\` believes it`;
    found.push(
      finding('warning', `${app} is held (${reason}): ${wouldRemove} endpoints would go`, AGENT_WHY, { hint }),
    );
  }
  for (const { node, what, error } of nacked)
    found.push(
      finding('error', `${node} refuses ${what}`, AGENT_WHY, {
        hint: 'its last good version stays; see the log of that Envoy, and whether weir is as new as it',
        evidence: error,
      }),
    );
  return found.length > 0 ? found : [finding('ok', 'the agent serves', AGENT_WHY)];
}
