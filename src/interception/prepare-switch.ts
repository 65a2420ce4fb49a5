/** The first half of `weir on`: checks and plan, without a change. */
import { WeirError } from '../errors/weir-error.ts';
import { refuseHeldAccount } from './account-conflict.ts';
import { buildStoredApp, type NamedApp, slotGiver } from './build-app.ts';
import { buildGuard, resolveSelector } from './build-policy.ts';
import { chooseBackend } from './choose-backend.ts';
import type { InterceptHost, NetworkFacts } from './host.ts';
import { judgePolicies } from './judge-policies.ts';
import { decideLease } from './lease-in-force.ts';
import { namespaceName } from './look.ts';
import { meetHazards } from './meet-hazards.ts';
import type { Firewall, TcpSocket } from './ports.ts';
import { preflightApp, type Risk, refuseForeignMesh, type SwitchFacts } from './preflight.ts';
import { refuseTransparentIptables } from './refuse-transparent-iptables.ts';
import type { Deadline } from './rules/policy.ts';
import { readSituation, type Situation, unreadBackends } from './situation.ts';
import type { StoredApp } from './stored-state.ts';
import type { HazardId, Judgement } from './surroundings/hazard.ts';
import { deadlineAfter, isAlreadyOn, type SwitchPlan, settledApps, withApps } from './switch-plan.ts';
import type { SwitchOnRequest } from './switch-request.ts';

/**
 * Until packets have proven it, an interception ends by itself in the kernel after this long: a weir that is killed
 * between the commit and the end of the proof leaves no half-tried interception behind.
 */
const UNPROVEN_MS = 20_000;
/** And this much longer for each application that has to be proven. */
const UNPROVEN_APP_MS = 100;

/** Everything that is known before the first change. */
export interface Preparation {
  readonly situation: Situation;
  readonly network: NetworkFacts;
  readonly firewall: Firewall;
  readonly plan: SwitchPlan;
  /** Deadlines while the proof is under way: of the applications that were not on before. */
  readonly trial: ReadonlyMap<string, Deadline | null>;
  readonly warnings: string[];
  /** With their processes. */
  readonly listeners: readonly TcpSocket[];
  /** Hazards for the proof and the traffic, accepted or only warned of. */
  readonly judged: ReadonlyMap<string, Judgement>;
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
  const foreign = begun(host.foreign());
  const sockopts = named.some(({ sidecar }) => sidecar.mode === 'tproxy');
  const listening = host.connections.sockets('listening', { processes: true, sockopts });
  const numbered = begun(host.namespaceCookie());
  const sockets = begun(Promise.all([host.ssh(), listening]));
  const [situation, network] = await Promise.all([readSituation(host, 'every'), host.network()]);
  refuseOtherNamespace(host, situation, network);
  refuseUnremembered(situation, request);
  const firewall = host.firewall(await chooseBackend(host, situation, request.backend));
  refuseTransparentIptables(firewall.backend, named);
  request.report({ step: 'preflight', apps: request.apps });
  refuseForeignMesh(await foreign);
  const [ssh, listeners] = await sockets;
  const facts: SwitchFacts = { network, ssh, listeners, accepted: request.acceptedRisks };
  const warnings = [...(situation.storeProblem === null ? [] : [situation.storeProblem]), ...unreadBackends(situation)];
  const slotOf = slotGiver(situation);
  const nowMs = host.clock.now();
  const trialDeadline = deadlineAfter(nowMs, request.confirmMs ?? UNPROVEN_MS + named.length * UNPROVEN_APP_MS);
  const trial = new Map<string, Deadline | null>();
  const changed: StoredApp[] = [];
  for (const { app } of named) refuseHeldAccount(situation, app.name, resolveSelector(app));
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
    if (!already) trial.set(app.name, trialDeadline);
    const decision = {
      slot: slotOf(app.name),
      families: preflight.families,
      lease,
      acceptsSshRisk: request.acceptedRisks.includes('lose-ssh'),
      since: already && known?.stored ? known.stored.since : new Date(nowMs).toISOString(),
      confirm:
        already || request.confirmMs === null
          ? null
          : { ...trialDeadline, by: new Date(nowMs + request.confirmMs).toISOString() },
      proven: already,
    };
    changed.push(buildStoredApp({ app, sidecar }, decision));
  }
  const guard = buildGuard(request.config, ssh, situation.stored?.guard ?? null);
  const judged = await judgePolicies(
    host,
    changed.map((one) => one.policy),
    guard,
    listeners,
  );
  warnings.push(...meetHazards(judged, (id) => accepts(request.acceptedRisks, id)));
  const { namespace } = network;
  return {
    situation,
    network: { ...network, namespace: namespace === null ? null : { ...namespace, cookie: await numbered } },
    firewall,
    plan: { guard, apps: withApps(settledApps(situation, nowMs), changed) },
    trial,
    warnings,
    listeners,
    judged,
  };
}

/** A look that is under way: it may fail before it is awaited, or not be awaited at all. */
function begun<T>(look: Promise<T>): Promise<T> {
  look.catch(() => undefined);
  return look;
}

/** Accepting `host-namespace` also accepts that some of the programs are not the application's. */
function accepts(accepted: readonly Risk[], id: HazardId): boolean {
  return accepted.includes(id) || (id === 'inbound-all' && accepted.includes('host-namespace'));
}

/**
 * One state directory belongs to one network namespace: with a second one, off.sh and uninstall would miss the first. A
 * namespace has several names (`--netns`, a path, `ip netns exec`); the one that holds the rules is the same.
 */
function refuseOtherNamespace(host: InterceptHost, { stored, elsewhere }: Situation, network: NetworkFacts): void {
  if (stored === null || elsewhere === null) return;
  // A restarted container makes a namespace anew under the same name; the remembered one no longer exists then.
  const { id, cookie } = elsewhere;
  const isGone = id !== null && host.findNamespace({ id, cookie }) === null;
  if (isGone && stored.netns === network.netns) return;
  throw new WeirError('WEIR3013', {
    what: 'the state directory is in use for another network namespace',
    why: `it remembers applications that are on in ${namespaceName(elsewhere)}, and their rules are not here; nothing was changed`,
    hint: 'give each namespace its own --state-dir and --run-dir, or run `weir uninstall` if the other one is gone',
  });
}

/**
 * The next transaction would remove rules that only the kernel knows, and send their application direct without a
 * warning.
 */
function refuseUnremembered({ apps, storeProblem }: Situation, request: SwitchOnRequest): void {
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
    why: `the kernel diverts them, but ${storeProblem ?? 'the state file does not name them: it was deleted or replaced'}. New rules are made from that file, so these applications would lose theirs; nothing was changed`,
    hint: `${along}switch them off first: \`weir off ${lost.join(' ')}\``,
  });
}
