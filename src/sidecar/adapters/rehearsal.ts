/** The rehearsal of a pair: its Envoy is started in a network namespace of its own, looked at, asked, and ended. */
import { chmod, chown, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../errors/message-of.ts';
import type { SidecarCheck } from '../../mesh/mesh-config.ts';
import { runTool } from '../../platform/exec.ts';
import { nullIfMissing } from '../../platform/null-if-missing.ts';
import { programArgv } from '../../platform/process/programs.ts';
import { type BootstrapFacts, parseBootstrap, readBootstrapFacts } from '../envoy/bootstrap-facts.ts';
import { controlPlanePatienceMs } from '../envoy/control-plane-sources.ts';
import { judgeListeners } from '../envoy/judge-listeners.ts';
import { coversAddress } from '../envoy/listener-addresses.ts';
import { rehearsalBootstrap } from '../envoy/rehearsal-bootstrap.ts';
import type { Rehearsal, RehearsalPlan, SidecarSpec, StoredPair } from '../ports.ts';
import { forwardBytes } from './byte-forwarder.ts';
import { askAdmin, askServerInfo } from './envoy-admin.ts';
import { envoyComplaint } from './envoy-binary.ts';
import { readEndpoints } from './held-endpoints.ts';
import { askInitProgress } from './init-progress.ts';
import { launchPrefix } from './launch-prefix.ts';
import { withOwnOutput } from './own-output.ts';
import { socketInodes } from './process-identity.ts';

const POLL_MS = 25;
const ANSWER_MS = 1000;
/** A start without progress for this long proves nothing: the real one has more patience. */
const STALL_MS = 5000;
/** A control plane may send listeners a moment after Envoy says that it is live. */
const LISTENERS_MS = 1000;
const CAP_MS = 60_000;
const CHECK_TRIES = 3;
const CHECK_PAUSE_MS = 300;
const CHECK_MS = 2000;
/** Longer paths do not fit into the address of a Unix socket. */
const LONGEST_FOLDER = 80;

/** The exit code of the shell when it cannot bring the namespace up. */
const NO_LOOPBACK = 97;
// A listener may be bound to an address of the host, or of a device, that the namespace does not have.
const INSIDE = `ip link set lo up || exit ${NO_LOOPBACK}
for family in ipv4 ipv6; do echo 1 >/proc/sys/net/$family/ip_nonlocal_bind; done 2>/dev/null
echo $$ >"$0"; exec "$@"`;
/** Where a rehearsal happens: the folder for its files, and the group that may read them. */
export interface RehearsalPlace {
  readonly run: string;
  readonly gid: number | null;
}

/** Removes what a rehearsal has left whose supervisor was killed. */
export async function removeRehearsals(run: string): Promise<void> {
  const names = (await readdir(run).catch(nullIfMissing)) ?? [];
  const left = names.filter((name) => name.startsWith('rehearsal-'));
  await Promise.all(left.map((name) => rm(join(run, name), { recursive: true, force: true })));
}

/** Never throws: what keeps a pair from being rehearsed is `impossible`, and says nothing about the pair. */
export async function rehearsePair(
  place: RehearsalPlace,
  spec: SidecarSpec,
  pair: StoredPair,
  plan: RehearsalPlan,
): Promise<Rehearsal> {
  if (process.getuid?.() !== 0) return { kind: 'impossible', reason: 'only root makes network namespaces' };
  let folder: string | null = null;
  try {
    folder = await mkdtemp(join(place.run, 'rehearsal-'));
    if (folder.length > LONGEST_FOLDER) return { kind: 'impossible', reason: `the path ${folder} is too long` };
    await chown(folder, 0, place.gid ?? spec.gid ?? 0);
    await chmod(folder, 0o771 | (spec.uid === null ? 0 : 0o2));
    return await rehearseIn(folder, spec, pair, plan);
  } catch (error) {
    return { kind: 'impossible', reason: messageOf(error) };
  } finally {
    if (folder !== null) await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}

async function rehearseIn(
  folder: string,
  spec: SidecarSpec,
  pair: StoredPair,
  plan: RehearsalPlan,
): Promise<Rehearsal> {
  const rewritten = rehearsalBootstrap(await parseBootstrap(await readFile(pair.bootstrap, 'utf8')), folder);
  if ('problem' in rewritten) return { kind: 'impossible', reason: rewritten.problem };
  const text = JSON.stringify(rewritten.content);
  const facts = await readBootstrapFacts(text);
  if (facts === null) return { kind: 'impossible', reason: 'the bootstrap is not YAML or JSON' };
  const bootstrap = join(folder, 'bootstrap.json');
  await writeFile(bootstrap, text, { mode: 0o640 });
  await chown(bootstrap, 0, spec.gid ?? 0);
  const stop = await forwardBytes(rewritten.forwards);
  const end = new AbortController();
  const log = join(folder, 'envoy.log');
  const envoy = [
    ...['-c', bootstrap, '--disable-hot-restart', '--concurrency', String(spec.concurrency)],
    ...['--log-path', log, ...spec.args],
  ];
  const said = join(folder, 'said');
  const argv = [
    ...['unshare', '--net', '--', 'sh', '-c', INSIDE, join(folder, 'pid')],
    ...[...launchPrefix(spec), ...withOwnOutput(said), pair.binary, ...envoy],
  ];
  const ended = runTool(argv as [string, ...string[]], {
    timeoutMs: CAP_MS + plan.watchMs + 2 * STALL_MS,
    signal: end.signal,
    reject: false,
  }).then(
    async ({ exitCode, stderr }): Promise<Rehearsal> => {
      const words = [stderr, ...(await Promise.all([log, said].map((file) => readFile(file, 'utf8').catch(() => ''))))];
      const complaint = envoyComplaint(words.join('\n')) ?? `exit code ${exitCode}`;
      const isOurs = exitCode === NO_LOOPBACK || (await readPid(folder)) === null;
      if (isOurs) return { kind: 'impossible', reason: complaint };
      return { kind: 'failed', part: 'start', reason: `the new process ended: ${complaint}` };
    },
    (error: unknown): Rehearsal => ({
      ...{ kind: 'failed', part: 'start' },
      reason: `the new process ended: ${messageOf(error)}`,
    }),
  );
  try {
    const subject = { folder, spec, facts, plan };
    return await Promise.race([ended, watch(subject, end.signal)]);
  } finally {
    end.abort(new Error('the rehearsal is over'));
    // A process that is in an answer may take no SIGTERM.
    const pid = await readPid(folder);
    if (pid !== null) kill(pid);
    await ended;
    stop();
  }
}

interface Subject {
  readonly folder: string;
  readonly spec: SidecarSpec;
  readonly facts: BootstrapFacts;
  readonly plan: RehearsalPlan;
}

const CALLED_OFF: Rehearsal = { kind: 'impossible', reason: 'it was called off' };

async function watch(subject: Subject, signal: AbortSignal): Promise<Rehearsal> {
  const { plan } = subject;
  const isOver = () => signal.aborted || !plan.isWanted();
  const stalled = await untilLive(subject, isOver);
  if (stalled !== null) return { kind: 'impossible', reason: stalled };
  const pid = await readPid(subject.folder);
  if (isOver() || pid === null) return CALLED_OFF;
  const listeners = await lookUntilComplete(subject, pid, isOver);
  if (listeners !== null) return listeners;
  const { check } = plan;
  const until = performance.now() + plan.watchMs;
  do {
    const problem = check === null ? null : await ask(check, pid, isOver);
    if (isOver()) return CALLED_OFF;
    if (problem !== null)
      return { kind: 'failed', part: 'check', reason: `the check of the new process failed: ${problem}` };
    if (performance.now() < until) await sleep(Math.min(1000, until - performance.now()));
  } while (performance.now() < until && !isOver());
  return isOver() ? CALLED_OFF : { kind: 'held' };
}

/** Null: it is live; else what it waits for. */
async function untilLive({ folder, facts, plan }: Subject, isOver: () => boolean): Promise<string | null> {
  const admin = { kind: 'unix', path: join(folder, 'admin.sock') } as const;
  const started = performance.now();
  let progressed = started;
  let last = '';
  let waitsFor = 'its admin does not answer';
  let patienceMs = STALL_MS;
  while (!isOver() && performance.now() - started < CAP_MS) {
    const info = await askServerInfo(admin, ANSWER_MS);
    if (info?.state === 'LIVE') return null;
    if (info !== null && facts.sources.count > 0) {
      const progress = await askInitProgress(admin, ANSWER_MS);
      const now = `${info.state} ${progress?.fingerprint ?? ''}`;
      if (now !== last) progressed = performance.now();
      last = now;
      waitsFor = progress?.waitsFor ?? waitsFor;
      const own = controlPlanePatienceMs(facts.sources, progress?.hasBegun ?? false) ?? STALL_MS;
      patienceMs = Math.min(STALL_MS, own, plan.initTimeoutMs);
    }
    if (performance.now() - progressed > patienceMs) break;
    await sleep(POLL_MS);
  }
  return waitsFor;
}

/** Null: it listens wherever it has to. */
async function lookUntilComplete(subject: Subject, pid: number, isOver: () => boolean): Promise<Rehearsal | null> {
  const { spec, facts, plan, folder } = subject;
  const deadline = performance.now() + LISTENERS_MS;
  for (;;) {
    const [endpoints, inodes] = await Promise.all([readEndpoints(pid), socketInodes(pid)]);
    if (endpoints === null) return { kind: 'impossible', reason: 'its sockets could not be looked at' };
    const look = judgeListeners({ facts, ports: spec.ports, adminPort: null, endpoints, inodes });
    const held = endpoints.filter(({ inode }) => inodes.has(inode)).map(({ address }) => address);
    const lost = plan.expected.filter((address) => !held.some((one) => coversAddress(one, address)));
    const missing = [...new Set([...(look?.missing ?? []), ...lost])];
    if (missing.length === 0) return null;
    if (isOver()) return CALLED_OFF;
    if (performance.now() > deadline) return await absent(missing, folder, facts);
    await sleep(POLL_MS);
  }
}

async function absent(missing: readonly string[], folder: string, { sources }: BootstrapFacts): Promise<Rehearsal> {
  const admin = { kind: 'unix', path: join(folder, 'admin.sock') } as const;
  // Envoy is live without them when its control plane did not answer within initial_fetch_timeout.
  const progress = sources.hasDynamicListeners ? await askInitProgress(admin, ANSWER_MS) : null;
  const cause = progress?.lacksListeners === true ? `: ${progress.waitsFor}` : '';
  const reason = `the new process would not listen on ${missing.join(', ')}${cause}`;
  const refused = await refusedListeners(folder);
  if (refused === null || refused > 0)
    return { kind: 'impossible', reason: `${reason} here, where Envoy refused a listener` };
  return { kind: 'failed', part: 'listeners', reason };
}

/** How many listeners Envoy could not make: an address or a device may be missing in the namespace. Null: unknown. */
async function refusedListeners(folder: string): Promise<number | null> {
  const admin = { kind: 'unix', path: join(folder, 'admin.sock') } as const;
  const filter = encodeURIComponent('^listener_manager\\.(listener_create_failure|lds\\.update_rejected)$');
  const answer = await askAdmin(admin, `/stats?filter=${filter}`, { timeoutMs: ANSWER_MS });
  if (answer?.status !== 200) return null;
  return [...answer.body.matchAll(/: (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
}

async function ask(check: SidecarCheck, pid: number, isOver: () => boolean): Promise<string | null> {
  const words = check.kind === 'http' ? [...programArgv('askUrl'), check.url, String(CHECK_MS)] : check.argv;
  let problem = '';
  for (let tries = 0; tries < CHECK_TRIES && !isOver(); tries++) {
    if (tries > 0) await sleep(CHECK_PAUSE_MS);
    const options = { timeoutMs: 2 * CHECK_MS, reject: false };
    const inside = runTool(['nsenter', `--net=/proc/${pid}/ns/net`, '--', ...words], options);
    const { exitCode, stdout, stderr } = await inside;
    if (exitCode === 0) return null;
    const said = `${stdout}\n${stderr}`.trim().split('\n').at(-1) ?? '';
    problem = check.kind === 'http' ? said : `${check.argv.join(' ')} ended with ${exitCode}: ${said}`;
  }
  return problem;
}

async function readPid(folder: string): Promise<number | null> {
  const text = await readFile(join(folder, 'pid'), 'utf8').catch(nullIfMissing);
  const pid = Number(text?.trim() ?? '');
  return Number.isInteger(pid) && pid > 1 ? pid : null;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
