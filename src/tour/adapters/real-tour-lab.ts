/** Builds the tour's surroundings out of real parts. */
import { spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';
import { runTool } from '../../platform/exec.ts';
import { askReadiness } from '../../platform/readiness.ts';
import { sidecarBootstrap } from '../../sidecar/envoy/sidecar-bootstrap.ts';
import type {
  NumberedPace,
  NumberedTourLoad,
  TourAnswer,
  TourApp,
  TourLab,
  TourLoad,
  TourStream,
  WeirRun,
} from '../tour-lab.ts';
import { ActorClient, type OwnedChild, startOwned } from './children.ts';
import type { TourEnvoys } from './find-envoy.ts';
import { makeTourNamespaces, TOUR_ADDRESSES, type TourNamespaces } from './namespaces.ts';
import { SupervisedEnvoy } from './supervised-envoy.ts';

/** Accounts of the tour: numbers that no passwd file needs to know. */
const UIDS = { payment: 20_001, report: 20_002, envoy: 20_100 } as const;
const OUTBOUND_PORT = 15_001;
const TOOL_TIMEOUT_MS = 20_000;

/** What the real tour needs to know of its surroundings. */
export interface RealTourOptions {
  readonly envoys: TourEnvoys;
  /** The command line that starts weir, without its words. */
  readonly weir: readonly [string, ...string[]];
  /** The same for the actor. */
  readonly actor: readonly [string, ...string[]];
  /** Folder with the routing script of the tour and its case file. */
  readonly examples: string;
}

/**
 * Builds the tour's surroundings out of real parts: two network namespaces, a real Envoy, and actors under the
 * applications' accounts. Nothing outside the namespaces and one temporary folder is touched. Tests replace
 * `makeNamespaces`.
 * @throws WeirError when a namespace cannot be made or Envoy does not start; all that was started is ended first
 */
export async function openRealTourLab(options: RealTourOptions, makeNamespaces = makeTourNamespaces): Promise<TourLab> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-tour-'));
  // Envoy runs under an account of its own and has to write its log and socket here.
  chmodSync(folder, 0o777);
  const namespaces = await makeNamespaces().catch((cause: unknown) => {
    rmSync(folder, { recursive: true, force: true });
    throw new WeirError('WEIR2006', {
      what: 'the tour cannot make network namespaces here',
      why: messageOf(cause),
      hint: 'run it as root; without root it needs unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1) and the package uidmap',
      cause,
    });
  });
  const lab = new RealTourLab(options, folder, namespaces);
  try {
    await lab.start();
  } catch (error) {
    await lab.close();
    throw error;
  }
  return lab;
}

class RealTourLab implements TourLab {
  envoyVersion = '';
  readonly #options: RealTourOptions;
  readonly #folder: string;
  readonly #namespaces: TourNamespaces;
  readonly #actors = new Map<TourApp | 'upstream', ActorClient>();
  readonly #running = new Set<number>();
  #envoy: OwnedChild | null = null;
  #supervised: SupervisedEnvoy | null = null;

  constructor(options: RealTourOptions, folder: string, namespaces: TourNamespaces) {
    this.#options = options;
    this.#folder = folder;
    this.#namespaces = namespaces;
  }

  async start(): Promise<void> {
    cpSync(this.#options.examples, this.#folder, { recursive: true });
    const { newest, older } = this.#options.envoys;
    const { stdout } = await runTool([newest, '--version'], { timeoutMs: TOOL_TIMEOUT_MS });
    this.envoyVersion = /\/(\d+\.\d+\.\d+)\//.exec(stdout)?.[1] ?? stdout.trim();
    // Short names for the commands that the tour shows.
    symlinkSync(newest, join(this.#folder, 'envoy-new'));
    symlinkSync(older, join(this.#folder, 'envoy-old'));
    writeFileSync(join(this.#folder, 'mesh.yaml'), this.#meshYaml());
    writeFileSync(join(this.#folder, 'envoy.json'), JSON.stringify(this.#bootstrap()));
    chmodSync(join(this.#folder, 'envoy.json'), 0o644);
    this.#actors.set('upstream', this.#startActor(this.#namespaces.upstream.pid, 0));
    for (const app of ['payment', 'report'] as const)
      this.#actors.set(app, this.#startActor(this.#namespaces.app.pid, UIDS[app]));
    await this.#actor('upstream').ask({ op: 'serve' });
    await this.startEnvoy();
  }

  async weir(args: readonly string[]): Promise<WeirRun> {
    const [file, ...words] = this.#options.weir;
    const began = performance.now();
    // Rules are files, a supervisor is a socket: those commands know no network namespace.
    const where = args[0] === 'rules' || args[0] === 'sidecar' ? [] : ['--netns', String(this.#namespaces.app.pid)];
    const child = spawn(file, [...words, ...args, '--json', ...this.#places, ...where], {
      stdio: ['ignore', 'pipe', 'ignore'],
      cwd: this.#folder,
    });
    if (child.pid !== undefined) this.#running.add(child.pid);
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += String(chunk);
    });
    const exit = await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 70)));
    if (child.pid !== undefined) this.#running.delete(child.pid);
    const document = parseEnvelope(output);
    return { command: `weir ${args.join(' ')}`, exit, ms: performance.now() - began, ...document };
  }

  async panic(app: string): Promise<{ command: string; ms: number; exit: number }> {
    const began = performance.now();
    const { exitCode } = await this.#inside('app', ['sh', join(this.#folder, 'run', 'off.sh'), app], false);
    return { command: `sh /run/weir/off.sh ${app}`, ms: Math.round(performance.now() - began), exit: exitCode };
  }

  async request(app: TourApp): Promise<TourAnswer> {
    const reply = await this.#actor(app).ask({ op: 'request', host: TOUR_ADDRESSES.upstream4, name: app });
    return {
      ok: reply.ok === true,
      viaEnvoy: reply.viaEnvoy === true,
      ms: Number(reply.ms ?? 0),
      detail: String(reply.detail ?? reply.error ?? ''),
    };
  }

  async openStream(app: TourApp): Promise<TourStream> {
    const actor = this.#actor(app);
    const { stream } = await actor.ask({ op: 'stream-open', host: TOUR_ADDRESSES.upstream6 });
    return {
      state: async () => {
        const { received, gaps, ended } = await actor.ask({ op: 'stream-state', stream });
        return { received: Number(received), gaps: Number(gaps), ended: typeof ended === 'string' ? ended : null };
      },
      close: async () => {
        await actor.ask({ op: 'stream-close', stream });
      },
    };
  }

  async startLoad(app: TourApp, everyMs: number): Promise<TourLoad> {
    const actor = this.#actor(app);
    const { load } = await actor.ask({ op: 'load-start', host: TOUR_ADDRESSES.upstream4, name: app, everyMs });
    return {
      stop: async () => {
        const { sent, viaEnvoy, direct, failed } = await actor.ask({ op: 'load-stop', load });
        return { sent: Number(sent), viaEnvoy: Number(viaEnvoy), direct: Number(direct), failed: Number(failed) };
      },
    };
  }

  async accessLogLines(app: TourApp): Promise<number> {
    if (!existsSync(this.#log)) return 0;
    const lines = readFileSync(this.#log, 'utf8').split('\n').slice(0, -1);
    // The actor of each application asks for a path of its own.
    return lines.filter((line) => (JSON.parse(line) as { path: unknown }).path === `/${app}`).length;
  }

  async startEnvoy(): Promise<void> {
    const account = String(UIDS.envoy);
    const argv = [
      'nsenter',
      `--net=/proc/${this.#namespaces.app.pid}/ns/net`,
      '--',
      'setpriv',
      '--reuid',
      account,
      '--regid',
      account,
      '--clear-groups',
      '--pdeathsig',
      'KILL',
      '--',
    ];
    this.#envoy = startOwned(
      [
        ...argv,
        this.#options.envoys.newest,
        '-c',
        join(this.#folder, 'envoy.json'),
        '--disable-hot-restart',
        '--concurrency',
        '1',
        '--log-level',
        'off',
        '--file-flush-interval-msec',
        '50',
      ],
      { stdio: 'ignore' },
    );
    for (let attempt = 0; attempt < 200; attempt += 1) {
      const { state } = await askReadiness({ kind: 'unix', path: this.#admin }, '/ready', 1000);
      if (state === 'ready') return;
      await sleep(50);
    }
    throw new WeirError('WEIR2006', {
      what: 'the Envoy of the tour did not become ready in 10 s',
      why: `${this.#options.envoys.newest} was started and its admin socket does not answer`,
      hint: `run it by hand to see why: ${this.#options.envoys.newest} --version`,
    });
  }

  async killEnvoy(): Promise<void> {
    await this.#envoy?.end();
    this.#envoy = null;
  }

  get upgradeArguments(): readonly string[] {
    const { newest, older } = this.#options.envoys;
    // The same file twice is no change, which weir would leave alone.
    return ['sidecar', 'upgrade', 'main', '--binary', 'envoy-new', ...(newest === older ? ['--force'] : [])];
  }

  async superviseEnvoy(): Promise<{ command: string; live: boolean }> {
    const inside = ['nsenter', `--net=/proc/${this.#namespaces.app.pid}/ns/net`, '--'];
    const argv = [...inside, ...this.#options.weir, 'sidecar', 'run', 'main', '--json', ...this.#places];
    this.#supervised = new SupervisedEnvoy(argv, join(this.#folder, 'run', 'main'));
    const live = await this.#supervised.untilLive(async () => {
      const { result } = await this.weir(['sidecar', 'status', 'main']);
      return (result.sidecars as { state: string }[] | undefined)?.[0]?.state === 'live';
    });
    return { command: 'weir sidecar run main', live };
  }

  async startNumberedLoad(app: TourApp, pace: NumberedPace): Promise<NumberedTourLoad> {
    const actor = this.#actor(app);
    const { load } = await actor.ask({ op: 'numbered-start', host: TOUR_ADDRESSES.upstream4, ...pace });
    return {
      stop: async () => {
        const { sent, viaEnvoy, lost, errors } = await actor.ask({ op: 'numbered-stop', load });
        const { doubled } = await this.#actor('upstream').ask({ op: 'numbered-seen' });
        const reasons = Array.isArray(errors) ? errors.map(String) : [];
        return {
          sent: Number(sent),
          viaEnvoy: Number(viaEnvoy),
          lost: Number(lost),
          doubled: Number(doubled),
          errors: reasons,
        };
      },
    };
  }

  async killWeir(): Promise<number> {
    for (const pid of this.#running) process.kill(pid, 'SIGKILL');
    return this.#running.size;
  }

  async firewallListing(): Promise<string> {
    const tools = [
      ['nft', 'list', 'ruleset'],
      ['iptables-save'],
      ['ip6tables-save'],
      ['iptables-legacy-save'],
      ['ip6tables-legacy-save'],
    ];
    const texts: string[] = [];
    for (const tool of tools) texts.push((await this.#inside('app', tool, false)).stdout);
    // Traffic moves counters, and iptables-save prints the time.
    return texts
      .join('\n')
      .replace(/counter packets \d+ bytes \d+/g, 'counter')
      .replace(/\[\d+:\d+\]/g, '[]')
      .replace(/^#.*$/gm, '')
      .trim();
  }

  async addForeignRules(): Promise<void> {
    const rules = 'table ip somebody { chain out { type nat hook output priority -100; tcp dport 5432 counter; }\n}\n';
    await runTool(['nsenter', `--net=/proc/${this.#namespaces.app.pid}/ns/net`, '--', 'nft', '-f', '-'], {
      input: rules,
      timeoutMs: TOOL_TIMEOUT_MS,
    });
  }

  async close(): Promise<void> {
    await this.killWeir().catch(() => 0);
    if (this.#supervised !== null) {
      // What it keeps in /dev/shm goes only in an orderly stop.
      await this.weir(['sidecar', 'stop', 'main', '--drain', '0s']).catch(() => undefined);
      await this.#supervised.end();
    }
    await Promise.allSettled([this.killEnvoy(), ...[...this.#actors.values()].map((actor) => actor.end())]);
    await this.#namespaces.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #places(): readonly string[] {
    const [mesh, run, state] = ['mesh.yaml', 'run', 'state'].map((name) => join(this.#folder, name));
    return ['--config', mesh, '--run-dir', run, '--state-dir', state] as readonly string[];
  }

  get #admin(): string {
    return join(this.#folder, 'admin.sock');
  }

  /** The bootstrap that `weir sidecar init` writes. */
  #bootstrap(): object {
    return sidecarBootstrap({
      name: 'main',
      outbound: OUTBOUND_PORT,
      inbound: null,
      admin: { kind: 'unix', path: this.#admin },
      accessLog: this.#log,
      ipv6: true,
      isTransparent: false,
      dubboPorts: [],
      discovery: null,
    });
  }

  get #log(): string {
    return join(this.#folder, 'access.log');
  }

  #startActor(pid: number, uid: number): ActorClient {
    const argv = ['nsenter', `--net=/proc/${pid}/ns/net`, '--', ...this.#options.actor, String(uid)];
    return new ActorClient(startOwned(argv, { stdio: 'pipe' }));
  }

  #actor(name: TourApp | 'upstream'): ActorClient {
    const actor = this.#actors.get(name);
    if (actor === undefined) throw new TypeError(`there is no actor ${name}`);
    return actor;
  }

  #inside(
    where: 'app' | 'upstream',
    argv: readonly string[],
    reject: boolean,
  ): Promise<{ stdout: string; exitCode: number }> {
    return runTool(['nsenter', `--net=/proc/${this.#namespaces[where].pid}/ns/net`, '--', ...argv], {
      timeoutMs: TOOL_TIMEOUT_MS,
      reject,
    });
  }

  #meshYaml(): string {
    return [
      'apiVersion: weir.dev/v1',
      'sidecars:',
      '  main:',
      `    {user: ${UIDS.envoy}, outbound: ${OUTBOUND_PORT}, admin: "unix:${this.#admin}", concurrency: 1, drain: 15s,`,
      `     binary: ${join(this.#folder, 'envoy-old')}, bootstrap: ${join(this.#folder, 'envoy.json')}}`,
      'apps:',
      `  payment: {select: {user: ${UIDS.payment}}, sidecar: main}`,
      `  report: {select: {user: ${UIDS.report}}, sidecar: main}`,
      '',
    ].join('\n');
  }
}

function parseEnvelope(output: string): Pick<WeirRun, 'result' | 'warnings' | 'error'> {
  try {
    const document = JSON.parse(output) as {
      result?: Record<string, unknown>;
      warnings?: string[];
      error?: { message: string; why: string };
    };
    const error = document.error === undefined ? null : `${document.error.message}: ${document.error.why}`;
    return { result: document.result ?? {}, warnings: document.warnings ?? [], error };
  } catch {
    return { result: {}, warnings: [], error: `no JSON document, but ${JSON.stringify(output.slice(0, 200))}` };
  }
}
