/** Rows of the fallback table: events, and how a test causes them. */
import { spawn } from 'node:child_process';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../until.ts';
import { type FallbackStage, LEASE_MS, probeClock } from './fallback-stage.ts';

/** What one try of an event showed. */
export interface FallbackTry {
  /** Milliseconds from the event until new connections go direct; null when they never do, as it should be. */
  readonly ms: number | null;
  /** Milliseconds from the end of the cause until interception was back; null where nothing but an operator may. */
  readonly backMs: number | null;
}

/** A row of the fallback table. */
export interface FallbackEvent {
  readonly name: string;
  /** The longest time until traffic goes direct, milliseconds; at the 95th percentile with `percentile`. */
  readonly withinMs: number | null;
  readonly percentile?: 95;
  /** Runs it once and leaves the stage as it found it. */
  run(stage: FallbackStage): Promise<FallbackTry>;
}

/** What `on --confirm` is given in place of a minute. */
const CONFIRM_MS = 3000;

async function isProxied(stage: FallbackStage): Promise<void> {
  await stage.payment.until('proxy', probeClock());
}

/** The sidecar's process is ended by a signal; the supervisor starts it again. */
function ends(signal: 'SIGKILL' | 'SIGTERM'): FallbackEvent['run'] {
  return async (stage) => {
    await isProxied(stage);
    const pid = await stage.envoy();
    await stage.holdNext();
    const since = probeClock();
    process.kill(pid, signal);
    const { ms } = await stage.payment.until('direct', since);
    await stage.letNextGo();
    const back = await stage.payment.until('proxy', since + ms);
    return { ms, backMs: ms + back.ms };
  };
}

async function freezes(stage: FallbackStage): Promise<FallbackTry> {
  await isProxied(stage);
  const pid = await stage.envoy();
  const known = await stage.journalled();
  const since = probeClock();
  process.kill(pid, 'SIGSTOP');
  try {
    const { ms } = await stage.payment.until('direct', since);
    const thawed = probeClock();
    process.kill(pid, 'SIGCONT');
    const { ms: backMs } = await stage.payment.until('proxy', thawed);
    // Written a moment after the switch: the next row may kill the supervisor.
    await stage.untilJournalled(/"reason":"ready again/, known);
    return { ms, backMs };
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

async function losesItsSupervisor(stage: FallbackStage): Promise<FallbackTry> {
  await isProxied(stage);
  const pid = await stage.envoy();
  const since = probeClock();
  await stage.killSupervisor();
  process.kill(pid, 'SIGKILL');
  const { ms } = await stage.payment.until('direct', since);
  const restarted = probeClock();
  await stage.supervise();
  return { ms, backMs: (await stage.payment.until('proxy', restarted)).ms };
}

/** Neither weir's state nor its configuration is there, nor Node in the PATH: the file and the system's tools must do. */
async function isRemoved(stage: FallbackStage): Promise<FallbackTry> {
  await isProxied(stage);
  const { weir, lab } = stage;
  const away = `${weir.stateDir}.away`;
  await rename(weir.stateDir, away);
  const since = probeClock();
  const argv = [`--net=${lab.client.path}`, '--', 'sh', join(weir.runDir, 'off.sh'), 'payment'];
  const child = spawn('nsenter', argv, { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }, stdio: 'ignore' });
  const code = await new Promise((resolve) => child.on('exit', resolve));
  const { ms } = await stage.payment.until('direct', since);
  // The supervisor may have made a new one meanwhile, or make it between the two.
  await until('the state directory to be back', async () => {
    await rm(weir.stateDir, { recursive: true, force: true });
    return rename(away, weir.stateDir).then(
      () => true,
      () => false,
    );
  });
  if (code !== 0) throw new Error(`off.sh ended with ${code}`);
  await stage.switchOn('payment');
  return { ms, backMs: null };
}

async function isNotConfirmed(stage: FallbackStage): Promise<FallbackTry> {
  const { weir, backend } = stage;
  await weir.json(['off', 'payment', '--existing', 'keep']);
  await stage.payment.until('direct', probeClock());
  const command = weir.start(['on', 'payment', '--confirm', `${CONFIRM_MS}ms`, '--backend', backend]);
  await stage.payment.until('proxy', probeClock());
  const since = probeClock();
  await command.line(/unconfirmed/);
  command.kill();
  const { ms } = await stage.payment.until('direct', since);
  await stage.switchOn('payment');
  return { ms, backMs: null };
}

async function isWiped(stage: FallbackStage): Promise<FallbackTry> {
  await isProxied(stage);
  const { client } = stage.lab;
  const supervisor = stage.supervisor?.pid ?? Number.NaN;
  const since = probeClock();
  // A supervisor that happens to look puts them back before a handful of connections has gone direct.
  process.kill(supervisor, 'SIGSTOP');
  let ms: number;
  let thawed: number;
  try {
    if (stage.backend === 'nft') await client.sh('nft flush ruleset');
    else
      for (const tool of ['iptables', 'ip6tables'])
        await client.sh(`${stage.backend.replace('iptables', tool)} -t nat -F`);
    // A lease may have lapsed since, on a busy machine: what counts are connections after the last command.
    await stage.payment.until('direct', probeClock());
    ({ ms } = await stage.payment.until('direct', since));
  } finally {
    thawed = probeClock();
    process.kill(supervisor, 'SIGCONT');
  }
  const back = await stage.payment.until('proxy', thawed);
  await stage.report.until('proxy', thawed);
  // After a quiet time the next one is put back as quickly.
  await sleep(6000);
  return { ms, backMs: thawed - since + back.ms };
}

/** Direct is what must not happen: connections are refused for as long as nobody serves. */
async function isDenied(stage: FallbackStage): Promise<FallbackTry> {
  await stage.report.until('proxy', probeClock());
  const pid = await stage.envoy();
  await stage.holdNext();
  const since = probeClock();
  process.kill(pid, 'SIGKILL');
  if (stage.canHold) await stage.report.until('ECONNREFUSED', since);
  await stage.letNextGo();
  const back = await stage.report.until('proxy', since);
  const { direct = 0, ECONNREFUSED: refused = 0 } = await stage.report.counts(since);
  if (direct > 0) throw new Error(`${direct} connections of a denied application went direct`);
  if (refused === 0) throw new Error('no connection of a denied application was refused');
  return { ms: null, backMs: back.ms };
}

/** The fallback table, each row as something that can be done to a stage. */
export const FALLBACK_EVENTS: Readonly<Record<string, FallbackEvent>> = {
  kill: { name: 'sidecar killed (SIGKILL)', withinMs: 20, percentile: 95, run: ends('SIGKILL') },
  exit: { name: 'sidecar exits (SIGTERM)', withinMs: null, run: ends('SIGTERM') },
  freeze: { name: 'sidecar frozen (SIGSTOP)', withinMs: LEASE_MS + 1000, run: freezes },
  orphan: { name: 'supervisor killed, sidecar dead', withinMs: LEASE_MS + 1000, run: losesItsSupervisor },
  remove: { name: 'weir removed: sh off.sh', withinMs: 1000, run: isRemoved },
  confirm: {
    name: `on --confirm ${CONFIRM_MS / 1000}s, weir killed`,
    withinMs: CONFIRM_MS + 1000,
    run: isNotConfirmed,
  },
  wipe: { name: 'rules wiped', withinMs: 1000, run: isWiped },
  deny: { name: 'onFailure: deny, sidecar killed', withinMs: null, run: isDenied },
};
