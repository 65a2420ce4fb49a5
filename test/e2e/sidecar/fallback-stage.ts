/** The stage of the fallback table, with probes. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Backend } from '../../../src/interception/backend.ts';
import type { AppStatus, StatusReport } from '../../../src/interception/report-status.ts';
import type { DivertMode } from '../../../src/interception/rules/policy.ts';
import { runWeirBin } from '../../run-weir.ts';
import { PATIENCE_MS, until } from '../../until.ts';
import { LAB_ADDRESSES, LAB_UIDS, type Lab, makeLab } from '../lab/lab.ts';
import type { LabProcess } from '../lab/lab-process.ts';
import { openToAll } from '../lab/open-to-all.ts';
import { startHttpUpstream, startProgram } from '../lab/traffic.ts';
import { installWeir, type LabWeir } from '../lab/weir.ts';
import { keptProcesses, sharedMemoryOf } from './kept-processes.ts';
import { OLD_ENVOY } from './sidecar-lab.ts';

/** The lease of `payment`, and how late the table lets it lapse. */
export const LEASE_MS = 2000;

/** What a probe saw: milliseconds until its connections went the way that was waited for, and what others did before. */
export interface Seen {
  readonly ms: number;
  readonly others: Readonly<Record<string, number>>;
}

/** Connections of one account, one every few milliseconds. */
export interface RouteProbe {
  /** Resolves when connections begun since then go so; rejects after `patienceMs`. */
  until(outcome: string, sinceMs: number, patienceMs?: number): Promise<Seen>;
  /** What became of those begun since then, by outcome. */
  counts(sinceMs: number): Promise<Readonly<Record<string, number>>>;
}

/** The clock of probes. */
export function probeClock(): number {
  return performance.timeOrigin + performance.now();
}

/** One connection every `intervalMs`, given up after `timeoutMs`. */
export interface ProbeOptions {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly family?: 'ipv4' | 'ipv6';
}

/** What differs from the usual stage. */
export interface FallbackOptions {
  /** For what is not about leases, so that none lapses on a loaded machine. */
  readonly leaseMs?: number;
  readonly mode?: DivertMode;
  /** The probe of `payment`. */
  readonly probe?: ProbeOptions;
  /** The probe of `report`. */
  readonly reportProbe?: ProbeOptions;
  /**
   * After `holdNext` the next Envoy begins with `letNextGo`: a probe that stands still for a moment would otherwise miss
   * the time in which nobody serves. Without this both do nothing, and the next one comes as soon as it does.
   */
  readonly canHold?: boolean;
  /** Changes the bootstrap that `weir sidecar init` wrote, before anything is started. */
  readonly arrange?: (bootstrap: string) => Promise<void>;
}

const PORT = 8080;
/** The file that holds an Envoy back. */
const HOLD = 'hold';
/** Close enough to see the bypass between a crash and the next Envoy; the other only has to tell where its connections go. */
const PAYMENT_PROBE = { intervalMs: 8, timeoutMs: 700 } as const;
const REPORT_PROBE = { intervalMs: 40, timeoutMs: 700 } as const;

/**
 * A supervised Envoy in namespaces of its own with `payment` (leased, onFailure direct) and `report` (onFailure deny) on,
 * and real connections of both. Everything goes at the end of the test, or with `close`.
 */
export class FallbackStage {
  /** Whether `holdNext` does anything. */
  readonly canHold: boolean;
  readonly lab: Lab;
  readonly weir: LabWeir;
  readonly backend: Backend;
  payment: RouteProbe;
  report: RouteProbe;
  supervisor: LabProcess | null = null;
  readonly #sharedMemory = new Set<string>();

  private constructor(
    lab: Lab,
    weir: LabWeir,
    backend: Backend,
    probes: readonly [RouteProbe, RouteProbe],
    canHold: boolean,
  ) {
    this.canHold = canHold;
    this.lab = lab;
    this.weir = weir;
    this.backend = backend;
    [this.payment, this.report] = probes;
  }

  static async open(
    backend: Backend,
    test: TestContext | Pick<TestContext, 'after'>,
    {
      leaseMs = LEASE_MS,
      mode = 'redirect',
      arrange = async () => {},
      probe = PAYMENT_PROBE,
      reportProbe = REPORT_PROBE,
      canHold = false,
    }: FallbackOptions = {},
  ): Promise<FallbackStage> {
    const lab = await makeLab(`fallback-${mode}-${backend}`, { test: test as TestContext });
    const weir = installWeir(lab);
    await startHttpUpstream(lab, { port: PORT });
    const main = {
      user: LAB_UIDS.sidecar,
      outbound: 15_001,
      inbound: 15_006,
      admin: `unix:${join(weir.runDir, 'main', 'admin.sock')}`,
      binary: canHold ? await heldEnvoy(lab.folder) : OLD_ENVOY,
      bootstrap: join(lab.folder, 'envoy.json'),
      concurrency: 1,
      drain: '2s',
      ...(mode === 'redirect' ? {} : { mode, capabilities: ['net_admin'] }),
    };
    const apps = {
      payment: { select: { user: LAB_UIDS.app }, sidecar: 'main', lease: `${leaseMs}ms` },
      report: { select: { user: LAB_UIDS.other }, sidecar: 'main', onFailure: 'deny' },
    };
    weir.configure({ apiVersion: 'weir.dev/v1', sidecars: { main }, apps });
    const probes = [
      await startProbe(lab, LAB_UIDS.app, probe),
      await startProbe(lab, LAB_UIDS.other, reportProbe),
    ] as const;
    const stage = new FallbackStage(lab, weir, backend, probes, canHold);
    lab.onClose(() => stage.#clear());
    const { code, stderr } = await runInLab(weir, ['sidecar', 'init', 'main']);
    if (code !== 0) throw new Error(stderr);
    await arrange(main.bootstrap);
    await stage.supervise();
    await stage.switchOn('payment', 'report');
    return stage;
  }

  /** Starts a supervisor and waits until its sidecar is live. */
  async supervise(): Promise<void> {
    this.supervisor = this.weir.start(['sidecar', 'run', 'main', '--json']);
    await this.supervisor.line(/"event":"(live|adopted)"/, PATIENCE_MS);
  }

  async switchOn(...args: readonly string[]): Promise<void> {
    const { code, stdout } = await this.weir.json(['on', ...args, '--backend', this.backend]);
    if (code !== 0) throw new Error(stdout);
  }

  /** The next Envoy waits. */
  async holdNext(): Promise<void> {
    if (this.canHold) await writeFile(join(this.lab.folder, HOLD), '');
  }

  async letNextGo(): Promise<void> {
    await rm(join(this.lab.folder, HOLD), { force: true });
  }

  /** The process number of the Envoy that serves. */
  async envoy(): Promise<number> {
    const pid = (await keptProcesses(join(this.weir.runDir, 'main'))).at(-1);
    if (pid === undefined) throw new Error(`no Envoy lives: ${this.supervisor?.output().slice(-2000)}`);
    for (const path of await sharedMemoryOf(pid)) this.#sharedMemory.add(path);
    return pid;
  }

  /** All of it: on a loaded machine extras such as the word of the supervisor may be late, and then they are asked again. */
  async status(): Promise<StatusReport> {
    let report: StatusReport | null = null;
    const look = async () => {
      const { json } = await this.weir.json(['status']);
      const seen: StatusReport = json.result;
      report = seen;
      return seen.notRead.length === 0 ? seen : null;
    };
    return until('a status that is whole', look, { tell: () => JSON.stringify(report) });
  }

  async app(name: string): Promise<AppStatus> {
    const app = (await this.status()).apps.find((one) => one.name === name);
    if (app === undefined) throw new Error(`no application ${name}`);
    return app;
  }

  /** Waits until an application is in a state, for as long as a loaded machine may take. */
  async untilState(name: string, state: AppStatus['state']): Promise<AppStatus> {
    let app: AppStatus | null = null;
    const look = async () => {
      app = await this.app(name);
      return app.state === state ? app : null;
    };
    return until(`${name} to be ${state}`, look, { tell: () => JSON.stringify(app) });
  }

  /** How long the event log is by now, in characters. */
  async journalled(): Promise<number> {
    return (await this.#eventLog()).length;
  }

  /** Waits until the event log has a line like that behind its first `known` characters. */
  async untilJournalled(line: RegExp, known: number): Promise<void> {
    let text = '';
    const look = async () => {
      text = (await this.#eventLog()).slice(known);
      return line.test(text) ? true : null;
    };
    await until(`${line} in the event log`, look, { tell: () => text.slice(-2000) });
  }

  #eventLog(): Promise<string> {
    return readFile(join(this.weir.stateDir, 'journal.jsonl'), 'utf8');
  }

  /** SIGKILL to the supervisor, as a crash. */
  async killSupervisor(): Promise<void> {
    this.supervisor?.kill();
    await this.supervisor?.ended;
  }

  async #clear(): Promise<void> {
    await this.envoy().catch(() => null);
    await this.killSupervisor();
    for (const pid of await keptProcesses(join(this.weir.runDir, 'main'), /\.pid$/)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
    await sleep(50);
    for (const path of this.#sharedMemory) await rm(path, { force: true });
  }
}

/** An Envoy that does not begin to serve while the file is there; its version and the like are told all the same. */
async function heldEnvoy(folder: string): Promise<string> {
  const path = join(folder, 'held-envoy');
  const wait = `while [ -e ${join(folder, HOLD)} ]; do sleep 0.02; done`;
  const script = `case " $* " in *" --mode "*) ;; *" -c "*|*" --config-path "*) ${wait} ;; esac`;
  await writeFile(path, `#!/bin/sh\n${script}\nexec ${openToAll(OLD_ENVOY, folder)} "$@"\n`, { mode: 0o755 });
  return path;
}

/** Not in the namespace: `init` touches no network, and takes no --netns. */
async function runInLab(weir: LabWeir, args: readonly string[]) {
  const env = { WEIR_CONFIG: weir.config, WEIR_RUN_DIR: weir.runDir, WEIR_STATE_DIR: weir.stateDir };
  return runWeirBin(args, env);
}

let asked = 0;

async function startProbe(lab: Lab, uid: number, { family = 'ipv4', ...pace }: ProbeOptions): Promise<RouteProbe> {
  const options = { host: LAB_ADDRESSES.upstream[family], port: PORT, ...pace };
  const program = startProgram(lab, lab.client, 'route-probe', options, { uid });
  await program.line(/^READY/);
  const ask = async (command: string, answer: string, argument: string, patienceMs: number) => {
    asked += 1;
    program.write(`${command} ${asked} ${argument}`);
    const [, json = ''] = await program.line(new RegExp(`^${answer} ${asked} (.*)`), patienceMs);
    return JSON.parse(json);
  };
  const counts = (sinceMs: number) => ask('count', 'COUNTS', String(sinceMs), PATIENCE_MS);
  return {
    counts,
    async until(outcome, sinceMs, patienceMs = PATIENCE_MS) {
      try {
        return await ask('watch', 'SEEN', `${outcome} ${sinceMs}`, patienceMs);
      } catch (error) {
        const seen = JSON.stringify(await counts(sinceMs).catch(() => null));
        throw new Error(`connections of uid ${uid} were to go ${outcome}, and went ${seen}`, { cause: error });
      }
    },
  };
}
