/** The built weir inside a lab. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanEnvironment, type Ended, runWeirBin, WEIR_BIN } from '../../run-weir.ts';
import type { Lab } from './lab.ts';
import type { LabProcess } from './lab-process.ts';

/** How weir ended, and the document that it printed under `--json`. */
export interface WeirAnswer extends Ended {
  readonly json: {
    readonly ok: boolean;
    // biome-ignore lint/suspicious/noExplicitAny: results differ by command, and tests look into them at will.
    readonly result?: any;
    readonly error?: { readonly code: string; readonly message: string; readonly why: string; readonly hint: string };
    readonly warnings: readonly string[];
  };
}

/** The built weir, with a configuration and directories of the lab's own, at work in the client namespace. */
export interface LabWeir {
  readonly config: string;
  readonly runDir: string;
  readonly stateDir: string;
  /** Replaces mesh.yaml. JSON is YAML, so an object will do; a text is taken as it is. */
  configure(mesh: unknown): void;
  /** Runs the built weir: `run(['off', 'payment'])`. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>;
  /** Runs it with `--json` and parses what it printed. */
  json(args: readonly string[]): Promise<WeirAnswer>;
  /** Runs it with `--json` inside the namespace already, for commands that take no `--netns`; the last document. */
  inside(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<WeirAnswer>;
  /** Starts it in the background, inside the namespace already, so that its pid is weir's. */
  start(args: readonly string[], env?: Readonly<Record<string, string>>): LabProcess;
}

/** Prepares weir for a lab; nothing is written outside of the lab's folder. */
export function installWeir(lab: Lab): LabWeir {
  const config = join(lab.folder, 'mesh.yaml');
  const runDir = join(lab.folder, 'run');
  const stateDir = join(lab.folder, 'state');
  const env = { WEIR_CONFIG: config, WEIR_RUN_DIR: runDir, WEIR_STATE_DIR: stateDir };
  const run: LabWeir['run'] = (args, more) => runWeirBin([...args, '--netns', lab.client.name], { ...env, ...more });
  return {
    config,
    runDir,
    stateDir,
    configure(mesh) {
      writeFileSync(config, typeof mesh === 'string' ? mesh : `${JSON.stringify(mesh, null, 2)}\n`);
    },
    run,
    async json(args) {
      const ended = await run([...args, '--json']);
      try {
        return { ...ended, json: JSON.parse(ended.stdout) };
      } catch {
        throw new Error(
          `weir ${args.join(' ')} printed no JSON (exit ${ended.code}):\n${ended.stdout}\n${ended.stderr}`,
        );
      }
    },
    async inside(args, more) {
      const argv = [process.execPath, WEIR_BIN, ...args, '--json'] as const;
      const started = lab.start(lab.client, argv, { env: environment({ ...env, ...more }) });
      const { code, signal } = await started.ended;
      const line = started
        .output()
        .split('\n')
        .findLast((one) => one.startsWith('{'));
      if (line === undefined) throw new Error(`weir ${args.join(' ')} printed no JSON: ${started.output()}`);
      return { code, signal, stdout: line, stderr: started.output(), json: JSON.parse(line) };
    },
    start(args, more) {
      return lab.start(lab.client, [process.execPath, WEIR_BIN, ...args, '--netns', lab.client.name], {
        env: environment({ ...env, ...more }),
      });
    },
  };
}

/** This process's environment for weir, as a process of the lab takes it. */
function environment(own: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(cleanEnvironment(own)).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
