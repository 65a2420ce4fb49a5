/** Composition of `weir sidecar run`: the supervisor of one sidecar, or of several in one process. */
import type { CommandOutput } from '../cli/command-output.ts';
import { reasonOf } from '../errors/message-of.ts';
import { systemClock } from '../platform/clock.ts';
import { listenForInterruption } from '../platform/interruption.ts';
import { openMetricsFile } from '../platform/process/metrics-file.ts';
import { noticesTold, notifyServiceManager, queueNotice } from '../platform/process/service-manager.ts';
import { becomeIdle } from './adapters/idle-process.ts';
import { openSidecar } from './adapters/open-sidecar.ts';
import { prefixedOutput } from './adapters/own-output.ts';
import { processSignals } from './adapters/process-signals.ts';
import { readSpecApart, readSpecsApart } from './adapters/read-spec-apart.ts';
import { type OwnProcess, openProcess } from './compose-process.ts';
import { openPorts, openTraffic, type Supervision, superviseOne } from './compose-supervision.ts';
import { SharedMetrics } from './metrics/shared-metrics.ts';
import type { RunFlags, SuperviseGroupTask, SuperviseTask } from './records/supervise-task.ts';
import { GroupReader } from './supervisor/group-reader.ts';
import { ServiceNotices } from './supervisor/service-notices.ts';
import { type GroupNews, SidecarGroup } from './supervisor/sidecar-group.ts';
import type { SignalRelay } from './supervisor/signal-relay.ts';
import { standIn } from './supervisor/stand-in.ts';
import type { SupervisorEvent } from './supervisor/supervisor-event.ts';
import type { SupervisedSidecar } from './usecases/supervised-sidecar.ts';

/** Supervises one sidecar until the end; resolves to the exit code 0 or throws WeirErrors. */
export async function supervise(task: SuperviseTask, output: CommandOutput): Promise<0> {
  const { name, config, json, role, sidecar } = task;
  // SIGHUP asks for an upgrade, and a reader that goes away (a log that is restarted) must not end a sidecar.
  const interruption = listenForInterruption(['SIGINT', 'SIGTERM']);
  const obstacle = role === 'alone' ? null : 'a container is replaced by its image, not in place';
  const own = await openProcess(task, obstacle);
  begin(own, output, json);
  const notices = openNotices([name]);
  const interceptHost = openTraffic(task, (text) => output.warn(text));
  const ended = superviseOne(task, role, {
    sidecar,
    process: own.supervisors,
    signals: processSignals(interruption.signal),
    readSpec: async () => (await readSpecApart(config, name)).spec,
    tell(event) {
      if (event.event === 'live' || event.event === 'adopted') own.up(name);
      notices.observe(name, event);
      tellEvent(event, output, json);
    },
    warn: (text) => output.warn(text),
    output: process.stderr,
    metrics: await sharedMetrics(task),
    interceptHost,
  });
  ended.catch((error: unknown) => own.failed(name, error));
  const end = await Promise.race([ended, interruption.forced]);
  await noticesTold();
  if (end === 'replaced') {
    await interceptHost.release?.();
    await own.become(interruption.signal.aborted);
  }
  if (end === 'retired' && !interruption.signal.aborted) await idle(name, output, json);
  return 0;
}

/**
 * Supervises several sidecars until all have ended; resolves to the exit code 0. Throws WeirErrors when none of them can
 * be started.
 */
export async function superviseGroup(task: SuperviseGroupTask, output: CommandOutput): Promise<0> {
  const { config, json, names, sidecars } = task;
  const interruption = listenForInterruption(['SIGINT', 'SIGTERM']);
  const own = await openProcess(task, null);
  begin(own, output, json);
  const notices = openNotices(sidecars.map(({ spec }) => spec.name));
  const metrics = await sharedMetrics(task);
  const interceptHost = openTraffic(task, (text) => output.warn(text));
  const reader = new GroupReader(() => readSpecsApart(config), names, config);

  function supervisionOf(sidecar: SupervisedSidecar, signals: SignalRelay, up: () => void): Supervision {
    const { name } = sidecar.spec;
    return {
      sidecar,
      process: own.supervisors,
      signals: { isToldToStop: () => signals.isToldToStop, onSignals: (on) => signals.on(on) },
      readSpec: () => reader.readSpec(name),
      tell(event) {
        if (event.event === 'live' || event.event === 'adopted') {
          up();
          own.up(name);
        }
        notices.observe(name, event);
        tellEvent({ ...event, text: named(name, event.text), sidecar: name }, output, json);
      },
      warn: (text) => output.warn(named(name, text)),
      output: prefixedOutput(`${name}: `, process.stderr),
      metrics,
      interceptHost,
    };
  }

  const group = new SidecarGroup({
    clock: systemClock,
    read: () => reader.read(),
    supervise: (sidecar, signals, up) => superviseOne(task, 'alone', supervisionOf(sidecar, signals, up)),
    async standIn(sidecar, failure, stop) {
      const { spec } = sidecar;
      await openSidecar(task, spec).prepare(spec);
      const ports = await openPorts(
        task,
        supervisionOf(sidecar, failure.signals, () => {}),
      );
      return standIn(spec, ports, failure, stop);
    },
    tell(name, news) {
      if (news.news === 'refused') own.failed(name, news.error);
      if (news.news === 'failed') own.failed(name, news.failure.error);
      notices.observeNews(name, news);
      const event = newsEvent(name, news);
      if (event !== null) tellEvent({ ...event, sidecar: name }, output, json);
    },
    warn: (text) => output.warn(text),
  });
  process.on('SIGHUP', () => void group.reload()).on('SIGUSR1', () => group.reopen());
  interruption.signal.addEventListener('abort', () => group.stop());
  const replaced = own.supervisors.replaced.then(() => group.leave());
  await Promise.race([group.run(sidecars), interruption.forced]);
  await noticesTold();
  if (own.supervisors.isReplaced) {
    await replaced;
    await interceptHost.release?.();
    await own.become(interruption.signal.aborted);
  }
  return 0;
}

/** Turns this process into the idle one of a container: the other container serves. */
export async function idle(name: string, output: CommandOutput, json: boolean): Promise<never> {
  const text = `${name}: the other container serves; idle`;
  tellEvent({ event: 'container', text, part: 'idle' }, output, json);
  await notifyServiceManager('READY=1');
  await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))));
  return becomeIdle();
}

/** Says what came of a handoff, and carries on a stop that was asked for during one. */
function begin(own: OwnProcess, output: CommandOutput, json: boolean): void {
  if (own.problem !== null) {
    tellEvent({ event: 'warning', text: `the other weir gave the sidecars back: ${own.problem}` }, output, json);
  }
  if (own.isToldToStop) process.kill(process.pid, 'SIGTERM');
}

function openNotices(names: readonly string[]): ServiceNotices {
  const every = (ms: number, call: () => void) => {
    const timer = setInterval(call, ms).unref();
    return () => clearInterval(timer);
  };
  return new ServiceNotices({ send: queueNotice, every }, names);
}

async function sharedMetrics({ metricsFile }: RunFlags): Promise<SharedMetrics | null> {
  return metricsFile === null ? null : new SharedMetrics(await openMetricsFile(metricsFile));
}

/** The text with the sidecar's name in front, unless it begins so. */
function named(name: string, text: string): string {
  return text.startsWith(`${name} `) || text.startsWith(`${name}:`) ? text : `${name}: ${text}`;
}

function newsEvent(name: string, news: GroupNews): SupervisorEvent | null {
  switch (news.news) {
    case 'refused':
      return { event: 'warning', text: `${name} is left to its supervisor: ${reasonOf(news.error)}` };
    case 'failed': {
      const { error, retryMs } = news.failure;
      return { event: 'warning', text: `${name} is not running: ${reasonOf(error)}; next try in ${retryMs / 1000} s` };
    }
    case 'removed':
      return { event: 'warning', text: `${name} is not in mesh.yaml any more: it is drained and stopped` };
    case 'ended':
      return null;
  }
}

function tellEvent(event: SupervisorEvent & { readonly sidecar?: string }, output: CommandOutput, json: boolean): void {
  if (json) output.result({ result: event, text: () => '' });
  else if (event.event === 'live') output.result({ result: event, text: () => event.text });
  else if (event.event === 'warning') output.warn(event.text);
  else if (event.event !== 'state') output.progress(event.text);
}
