/** The processes of their own that weir starts besides its commands, as one typed list. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The file of each program in src/programs/. The build makes an entry of each one; nothing else names these files. */
export const PROGRAMS = {
  /** Supervises one sidecar: `weir sidecar run` becomes it. Task: JSON of a `SuperviseTask` as the first argument. */
  supervisor: 'supervisor.ts',
  /** The same for several sidecars in one process. Task: JSON of a `SuperviseGroupTask`. */
  groupSupervisor: 'group-supervisor.ts',
  /** Prints what mesh.yaml says of a sidecar, so that a supervisor need not keep its parsers in memory. */
  printSpec: 'print-spec.ts',
  /** Follows registries for the Envoys of this host: `weir discovery run` becomes it. Task: JSON of a `DiscoveryTask`. */
  discoveryAgent: 'discovery-agent.ts',
  /** Prints what mesh.yaml says to a discovery agent, so that the agent need not keep its parsers in memory. */
  printPlan: 'print-plan.ts',
  /** Prints what a folder of rules holds, so that a discovery agent need not keep its parsers in memory. */
  printRules: 'print-rules.ts',
  /** Follows the fleet on a host: `weir host run` becomes it. Task: JSON of a `HostTask`. */
  hostDaemon: 'host-daemon.ts',
  /** Sends probes in the place of an account. */
  probeChild: 'probe-child.ts',
  /** Asks a URL and prints why it does not hold: from another network namespace than that of its parent. */
  askUrl: 'ask-url.ts',
  /** Plays an application or the upstream in the tour. */
  tourActor: 'tour-actor.ts',
} as const;

/** The name of a program of weir. */
export type ProgramName = keyof typeof PROGRAMS;

/**
 * Whether this process is the packaged weir: one executable that is Node and weir in one. It takes no file to run, and
 * flags of Node only as one word, `--node-options=`.
 */
export function isPackaged(): boolean {
  return process.getBuiltinModule?.('node:sea')?.isSea() ?? false;
}

/** How a packaged weir is told to be one of its programs: the first word of its command line. */
export const PROGRAM_WORD = ':';

/** The command line that starts weir again, with the flags of Node of this process; the words of weir come after it. */
export function weirArgv(flags: readonly string[] = process.execArgv): [string, ...string[]] {
  return isPackaged() ? packagedArgv(flags) : [process.execPath, ...flags, weirEntry()];
}

/** The command line that starts a program of weir, with flags of Node; the arguments of the program come after it. */
export function programArgv(name: ProgramName, flags: readonly string[] = []): [string, ...string[]] {
  if (isPackaged()) return [...packagedArgv(flags), `${PROGRAM_WORD}${name}`];
  return [process.execPath, ...flags, programFile(name)];
}

function packagedArgv(flags: readonly string[]): [string, ...string[]] {
  return [process.execPath, ...(flags.length === 0 ? [] : [`--node-options=${flags.join(' ')}`])];
}

/** In which form this weir is installed, and the file that users start. */
export function installedAs(): { readonly form: 'package' | 'files'; readonly path: string } {
  return { form: isPackaged() ? 'package' : 'files', path: weirEntry() };
}

/** A file whose identity on disk tells one weir from another: all else of weir is named or held by it. */
export function identityFile(): string {
  return isPackaged() ? process.execPath : programFile('supervisor');
}

/**
 * The file that Node starts for a program: in src/ when this code runs from there, else in dist/. Bundled, this code is in
 * a chunk or in an entry at any depth, and each program is an entry of its own.
 */
export function programFile(name: ProgramName): string {
  const source = PROGRAMS[name];
  const bundled = source.replace(/\.ts$/, '.js');
  const places = import.meta.url.endsWith('.ts')
    ? [`../../programs/${source}`]
    : [`./${bundled}`, `../programs/${bundled}`, `../../programs/${bundled}`];
  return firstThere(places);
}

/** The file that users start: bin/run.js, or the packaged weir. */
export function weirEntry(): string {
  if (isPackaged()) return process.execPath;
  return firstThere(['../bin/run.js', '../../bin/run.js', '../../../bin/run.js']);
}

function firstThere(places: readonly string[]): string {
  const files = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  return files.find((file) => existsSync(file)) ?? (files[0] as string);
}
