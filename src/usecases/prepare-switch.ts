import type { AccountId, AppConfig, ResolvedMeshConfig, SidecarConfig } from '../config/mesh-config.ts';
import { WeirError } from '../errors/weir-error.ts';
import type { Deadline } from '../intercept/policy.ts';
import { appNames, unknownApp } from './app-names.ts';
import { buildAppPolicy, buildGuard, freeSlot } from './build-policy.ts';
import { chooseBackend } from './choose-backend.ts';
import type { InterceptHost, NetworkFacts } from './host.ts';
import { decideLease } from './lease-in-force.ts';
import type { Firewall } from './ports.ts';
import { type PreflightFacts, preflightApp, refuseForeignMesh } from './preflight.ts';
import { readSituation, type Situation } from './situation.ts';
import type { StoredApp } from './stored-state.ts';
import type { SwitchOnRequest } from './switch-on.ts';
import { deadlineAfter, isAlreadyOn, type SwitchPlan, settledApps, withApps } from './switch-plan.ts';

/**
 * Until packets have proven it, an interception ends by itself in the kernel after this long: a weir that is killed
 * between the commit and the end of the proof leaves no half-tried interception behind.
 */
const UNPROVEN_MS = 20_000;
/** And this much longer for each application that has to be proven. */
const UNPROVEN_APP_MS = 100;

/** An application of mesh.yaml with its sidecar. */
export interface NamedApp {
  readonly app: AppConfig<AccountId>;
  readonly sidecar: SidecarConfig<AccountId>;
}

/**
 * Looks an application up.
 * @throws WeirError exit 2 with the names that there are
 */
export function configuredApp(config: ResolvedMeshConfig, name: string): NamedApp {
  const app = config.apps.get(name);
  if (app === undefined) throw unknownApp(name, appNames(config, null), config.file);
  const sidecar = config.sidecars.get(app.sidecar);
  if (sidecar === undefined) throw new TypeError(`${name}: sidecar ${app.sidecar} passed validation and is not there`);
  return { app, sidecar };
}

/** Everything that is known before the first change. */
export interface Preparation {
  readonly situation: Situation;
  readonly network: NetworkFacts;
  readonly firewall: Firewall;
  readonly plan: SwitchPlan;
  /** Deadlines while the proof is under way: of the applications that were not on before. */
  readonly trial: ReadonlyMap<string, Deadline | null>;
  readonly warnings: string[];
}

/**
 * Preflight of every application that was asked for, and the plan that follows. Changes nothing.
 * @throws WeirError exit 3 for what stands against it
 */
export async function prepareSwitch(
  host: InterceptHost,
  request: SwitchOnRequest,
  named: readonly NamedApp[],
): Promise<Preparation> {
  const [situation, network] = await Promise.all([readSituation(host, 'every'), host.network()]);
  refuseOtherNamespace(situation, network);
  refuseUnremembered(situation, request);
  const firewall = host.firewall(await chooseBackend(host, situation, request.backend));
  request.report({ step: 'preflight', apps: request.apps });
  await refuseForeignMesh(host);
  const [ssh, listeners] = await Promise.all([host.ssh(), host.connections.sockets('listening')]);
  const facts: PreflightFacts = { network, ssh, listeners, accepted: request.acceptedRisks };
  const warnings = situation.storeProblem === null ? [] : [situation.storeProblem];
  const taken = new Set(
    [...situation.apps.values()].flatMap((known) => [known.stored?.slot ?? 0, known.kernel?.slot ?? 0]),
  );
  const nowMs = host.clock.now();
  const trialDeadline = deadlineAfter(nowMs, request.confirmMs ?? UNPROVEN_MS + named.length * UNPROVEN_APP_MS);
  const trial = new Map<string, Deadline | null>();
  const changed: StoredApp[] = [];
  for (const { app, sidecar } of named) {
    const known = situation.apps.get(app.name) ?? null;
    const already = isAlreadyOn(known);
    if (already && request.confirmMs !== null) {
      warnings.push(`${app.name} is on already; --confirm changes nothing for it`);
      if (known?.stored) continue;
    }
    const preflight = await preflightApp(host, app, sidecar, facts);
    warnings.push(...preflight.warnings);
    const lease = await decideLease(host, app);
    if (lease.warning !== null) warnings.push(lease.warning);
    const slot = known?.stored?.slot ?? known?.kernel?.slot ?? freeSlot(taken);
    taken.add(slot);
    if (!already) trial.set(app.name, trialDeadline);
    const acceptsSshRisk = request.acceptedRisks.includes('lose-ssh');
    changed.push({
      name: app.name,
      slot,
      desired: 'on',
      policy: buildAppPolicy(app, sidecar, {
        slot,
        families: preflight.families,
        acceptsSshRisk,
        leaseSeconds: lease.inForce,
      }),
      sidecar: { name: sidecar.name, admin: sidecar.admin, readyPath: sidecar.readyPath },
      onFailure: app.onFailure,
      leaseSeconds: lease.asked,
      since: already && known?.stored ? known.stored.since : new Date(nowMs).toISOString(),
      reason: null,
      confirm:
        already || request.confirmMs === null
          ? null
          : { ...trialDeadline, by: new Date(nowMs + request.confirmMs).toISOString() },
      drainUntil: null,
      proven: already,
    });
  }
  const guard = buildGuard(request.config, ssh, situation.stored?.guard ?? null);
  return {
    situation,
    network,
    firewall,
    plan: { guard, apps: withApps(settledApps(situation, nowMs), changed) },
    trial,
    warnings,
  };
}

/**
 * One state directory is about one network namespace; a second one would make off.sh and uninstall miss the first.
 * A namespace has several names (`--netns`, a path, `ip netns exec`): where its rules are found, it is the same one.
 */
function refuseOtherNamespace({ stored, apps }: Situation, network: NetworkFacts): void {
  const isElsewhere =
    stored !== null && stored.netns !== network.netns && stored.apps.some((app) => app.desired === 'on');
  if (!isElsewhere || [...apps.values()].some((known) => known.kernel !== null)) return;
  const other = stored.netns === '' ? 'the namespace weir was started in' : `--netns ${stored.netns}`;
  throw new WeirError('WEIR3013', {
    what: 'the state directory is in use for another network namespace',
    why: `it remembers applications that are on in ${other}, and their rules are not here; nothing was changed`,
    hint: 'give each namespace its own --state-dir and --run-dir, or run `weir uninstall` if the other one is gone',
  });
}

/** Rules that only the kernel knows would go with the next transaction, and their application direct without a word. */
function refuseUnremembered({ apps }: Situation, request: SwitchOnRequest): void {
  const lost = [...apps.values()]
    .filter(({ name, stored, desired }) => stored === null && desired === 'on' && !request.apps.includes(name))
    .map(({ name }) => name);
  if (lost.length === 0) return;
  const declared = lost.filter((name) => request.config.apps.has(name));
  const along =
    declared.length === lost.length
      ? `name them as well: \`weir on ${[...request.apps, ...lost].join(' ')}\`; or `
      : '';
  throw new WeirError('WEIR3012', {
    what: `on, but not in the state file: ${lost.join(', ')}`,
    why: 'the kernel diverts them, the state directory was deleted or replaced meanwhile, and new rules would leave them out; nothing was changed',
    hint: `${along}switch them off first: \`weir off ${lost.join(' ')}\``,
  });
}
