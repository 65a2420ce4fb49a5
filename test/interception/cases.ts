/** The mesh and the hosts that interception tests share. */
import type { Backend } from '../../src/interception/backend.ts';
import { confirmApps } from '../../src/interception/confirm-apps.ts';
import type { TrackedFlow } from '../../src/interception/ports.ts';
import { encodeMark } from '../../src/interception/rules/mark.ts';
import { switchOffOperations } from '../../src/interception/rules/off-switches.ts';
import type { RulesetChange } from '../../src/interception/rules/operations.ts';
import type { OffCause } from '../../src/interception/rules/tag.ts';
import { type SwitchOffRequest, switchOff } from '../../src/interception/switch-off.ts';
import { switchOn } from '../../src/interception/switch-on.ts';
import type { SwitchOnRequest } from '../../src/interception/switch-request.ts';
import type { SwitchResult, Warned } from '../../src/interception/switch-result.ts';
import { type UninstallRequest, uninstall } from '../../src/interception/uninstall.ts';
import type { MeshConfig } from '../../src/mesh/mesh-config.ts';
import { FakeHost, meshOf } from '../fakes/fake-host.ts';

/** The accounts of MESH. */
export const UIDS = { payment: 20_001, report: 20_002, envoy: 1337, nobodyElse: 20_003 } as const;

/** The text of MESH. */
export const MESH_TEXT = `apiVersion: weir.dev/v1
sidecars:
  main: {user: 1337, outbound: 15001, inbound: 15006, admin: "unix:/run/weir/main/admin.sock"}
apps:
  payment: {select: {user: 20001}, sidecar: main, inbound: {ports: [20880]}}
  report: {select: {user: 20002}, sidecar: main, outbound: {ports: [20880], exclude: {cidrs: [10.0.0.0/8]}}}
`;

/** Two applications and their sidecar. */
export const MESH = meshOf(MESH_TEXT);

/** Every back end. */
export const BACKENDS: readonly Backend[] = ['nft', 'iptables-nft', 'iptables-legacy'];

const never = new AbortController().signal;

/** `weir on`, varied. */
export function on(host: FakeHost, request: Partial<SwitchOnRequest> = {}): Promise<Warned<SwitchResult>> {
  return switchOn(host, {
    config: MESH,
    apps: ['payment'],
    backend: 'auto',
    confirmMs: null,
    existing: 'keep',
    acceptedRisks: [],
    dryRun: false,
    signal: never,
    report: () => undefined,
    ...request,
  });
}

/** `weir off`, varied. */
export function off(
  host: FakeHost,
  { config = MESH, ...request }: Partial<SwitchOffRequest> & { readonly config?: MeshConfig | null } = {},
): ReturnType<typeof switchOff> {
  return switchOff(host, {
    readConfig: async () => config,
    apps: ['payment'],
    existing: 'keep',
    drainMs: 15_000,
    reason: null,
    signal: never,
    report: () => undefined,
    ...request,
  });
}

/** `weir uninstall`, varied. */
export function removeAll(host: FakeHost, request: Partial<UninstallRequest> = {}): ReturnType<typeof uninstall> {
  return uninstall(host, { existing: 'cut', drainMs: 15_000, signal: never, report: () => undefined, ...request });
}

/** `weir confirm`. */
export function confirm(host: FakeHost, ...names: string[]): ReturnType<typeof confirmApps> {
  return confirmApps(host, names, async () => [...MESH.apps.keys()], { report: () => undefined, signal: never });
}

/** A host on which only this back end works, with somebody else's rules in it. */
export function hostWith(backend: Backend): FakeHost {
  const host = new FakeHost();
  host.usable = [backend];
  if (backend === 'nft') host.fake(backend).addForeignTable('docker', 'chain out { masquerade }');
  else
    for (const scope of ['ip', 'ip6'] as const)
      host.fake(backend).addForeignRule(scope, 'output', '-j DOCKER', 'first');
  return host;
}

/** Presses the panic file as its script would: by adding to the rules, and by its marker. */
export const pressPanicFile = (host: FakeHost, app: string): Promise<void> => addSwitch(host, app, 'off.sh');

/** Sends an application direct by adding to the rules, as `cause` does. */
export async function addSwitch(host: FakeHost, app: string, cause: OffCause): Promise<void> {
  await host.fake(host.usable[0] ?? 'nft').commit(await switches(host, app, cause));
}

/** The changes that send an application direct, a family each under iptables. */
export async function switches(
  host: FakeHost,
  app = 'payment',
  cause: OffCause = 'operator',
): Promise<readonly RulesetChange[]> {
  const { rulesets } = await host.fake(host.usable[0] ?? 'nft').read();
  return rulesets
    .map(({ scope, ...rest }) => {
      return { scope, operations: switchOffOperations({ scope, ...rest }, [app], cause), undo: [] };
    })
    .filter(({ operations }) => operations.length > 0);
}

/** A proxied connection of the application in the first slot. */
export function flow(port: number, state = 'ESTABLISHED'): TrackedFlow {
  return {
    mark: encodeMark({ slot: 1, direction: 'outbound' }),
    state,
    source: { address: '10.77.0.1', port },
    originalDestination: { address: '10.77.0.2', port: 20880 },
    answeredBy: { address: '127.0.0.1', port: 15001 },
  };
}
