/** Entry into the network namespace of `--netns`, or the remembered one, before the command starts. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { delimiter, join } from 'node:path';
import { WeirError } from '../errors/weir-error.ts';
import { ENTER_BY_PERL } from './enter-by-perl.ts';
import { isExecutable } from './executables.ts';
import { findNamespaceFile, ownNamespace, type RememberedNamespace } from './namespace-id.ts';

const NETNS_FOLDERS = ['/run/netns', '/var/run/netns'];
const OWN_NETNS = '/proc/self/ns/net';
/** f_type of the kernel's nsfs, where every namespace file lives (linux/magic.h: NSFS_MAGIC). */
const NSFS_MAGIC = 0x6e736673;

/** The value of `--netns X` or `--netns=X` in a command line, before a `--`; undefined without one. */
export function findNetnsArgument(argv: readonly string[]): string | undefined {
  return findArgument(argv, '--netns');
}

function findArgument(argv: readonly string[], flag: string): string | undefined {
  for (const [index, argument] of argv.entries()) {
    if (argument === '--') return undefined;
    if (argument === flag) return argv[index + 1];
    if (argument.startsWith(`${flag}=`)) return argument.slice(flag.length + 1);
  }
  return undefined;
}

/**
 * Moves this process into the network namespace of `--netns`: nsenter (or perl) replaces it and runs the same command line. A
 * running Node process cannot change the namespace of its own threads. Resolves to undefined without `--netns`, when
 * the process is already there, or when the entry fails (`requireNetns` then says why). Resolves to the exit code of a
 * child on a Node without `process.execve` (before 22.15). `weir` starts this weir again, without the words of `argv`.
 */
export async function enterRequestedNetns(
  argv: readonly string[],
  weir: readonly string[],
): Promise<number | undefined> {
  const requested = findNetnsArgument(argv);
  if (requested === undefined) return undefined;
  const file = resolveNetnsFile(requested);
  if (file === undefined || isOwnNetns(file)) return undefined;
  return await enter(file, requested, [...weir, ...argv]);
}

/**
 * The same for the namespace that the state file remembers, found again by its id. It serves commands that switch off
 * (`off`, `uninstall`). Resolves to undefined when that namespace is this one, unknown, not found or closed to this
 * user. Also when the command line names another one: the command itself then reports it.
 */
export async function enterRememberedNetns(
  argv: readonly string[],
  weir: readonly string[],
): Promise<number | undefined> {
  const stateDir = findArgument(argv, '--state-dir') ?? process.env.WEIR_STATE_DIR ?? '/var/lib/weir';
  const remembered = readRemembered(join(stateDir, 'state.json'));
  const own = ownNamespace();
  if (remembered === null || own === null || remembered.boot !== own.boot || remembered.id === own.id) return undefined;
  const requested = findNetnsArgument(argv);
  if (requested !== undefined && requested !== remembered.netns) return undefined;
  const file = findNamespaceFile(remembered);
  if (file === null) return undefined;
  // The flag's name may mean another namespace by now, or none.
  const words = requested === undefined ? argv : withNetns(argv, file);
  return await enter(file, file, [...weir, ...words]);
}

/** The namespace of a state file in which some application is on; null without one, or when the file cannot be read. */
function readRemembered(
  path: string,
): (RememberedNamespace & { readonly netns: string; readonly boot: string }) | null {
  try {
    // Read without a schema, which takes longer to load than the rest of this file; the command itself checks all of it.
    const state: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const { netns, namespace, apps } = state as Record<string, unknown>;
    const { id, boot, cookie } = namespace as Record<string, unknown>;
    const isOn = Array.isArray(apps) && apps.some((app: unknown) => (app as { desired?: unknown }).desired === 'on');
    if (!isOn || typeof netns !== 'string' || typeof id !== 'string' || typeof boot !== 'string') return null;
    return { netns, id, boot, cookie: typeof cookie === 'string' ? cookie : null };
  } catch {
    return null;
  }
}

function withNetns(argv: readonly string[], file: string): string[] {
  return argv.flatMap((argument, index) => {
    if (argument.startsWith('--netns=')) return [`--netns=${file}`];
    return argv[index - 1] === '--netns' ? [file] : [argument];
  });
}

async function enter(file: string, requested: string, command: readonly string[]): Promise<number | undefined> {
  const door = findDoor(file);
  if (door === undefined || probeNetns(door) !== undefined) return undefined;
  const args = [...door.words, ...command];
  const env = { ...process.env, WEIR_NETNS_ENTERED: requested };
  if (typeof process.execve === 'function') process.execve(door.program, [door.program, ...args], env);
  return await runInPlace(door.program, args, env);
}

/** A program that enters a namespace, and its words before the command. */
interface Door {
  readonly program: string;
  readonly words: readonly string[];
}

function findDoor(file: string): Door | undefined {
  const nsenter = findInPath('nsenter');
  if (nsenter !== undefined) return { program: nsenter, words: [`--net=${file}`, '--'] };
  const perl = findInPath('perl');
  return perl === undefined ? undefined : { program: perl, words: ['-e', ENTER_BY_PERL, file] };
}

/**
 * Checks that the process runs in the network namespace that `--netns` names.
 * Throws WEIR1005 when there is no such namespace, WEIR2001 without nsenter and perl, WEIR2004 when the kernel refuses.
 */
export function requireNetns(requested: string): void {
  const file = resolveNetnsFile(requested);
  if (file === undefined) {
    const names = listNetnsNames();
    throw new WeirError('WEIR1005', {
      what: `--netns: there is no network namespace ${JSON.stringify(requested)}`,
      why: 'it takes a name that `ip netns list` prints, a process number, or the path of a namespace file',
      hint: names.length > 0 ? `the named ones are: ${names.join(', ')}` : 'no named one exists on this host',
    });
  }
  if (isOwnNetns(file)) return;
  const door = findDoor(file);
  if (door === undefined) {
    throw new WeirError('WEIR2001', {
      what: 'nsenter is missing',
      why: 'weir enters a network namespace by nsenter, or by perl; neither was found in PATH',
      hint: 'install the package util-linux',
    });
  }
  throw new WeirError('WEIR2004', {
    what: `network namespace ${requested} cannot be entered`,
    why: probeNetns(door) ?? `${file} changed while weir started`,
    hint: 'run weir as root, or with CAP_SYS_ADMIN in the user namespace that owns this network namespace',
  });
}

/** The names of the network namespaces that `ip netns` knows on this host, sorted. */
export function listNetnsNames(): string[] {
  const names = NETNS_FOLDERS.filter((folder) => existsSync(folder)).flatMap((folder) => readdirSync(folder));
  return [...new Set(names)].sort();
}

function resolveNetnsFile(requested: string): string | undefined {
  if (requested === '') return undefined;
  if (requested.includes('/')) return [requested].find(isNetnsFile);
  if (/^\d+$/.test(requested)) return [`/proc/${requested}/ns/net`].find(isNetnsFile);
  return NETNS_FOLDERS.map((folder) => join(folder, requested)).find(isNetnsFile);
}

// EACCES comes from another user's process: its namespace exists, but this user may not look at it.
function isNetnsFile(file: string): boolean {
  try {
    return statfsSync(file).type === NSFS_MAGIC;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES';
  }
}

function isOwnNetns(file: string): boolean {
  try {
    const [own, other] = [statSync(OWN_NETNS), statSync(file)];
    return own.ino === other.ino && own.dev === other.dev;
  } catch {
    return false;
  }
}

function findInPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

// The program is tried on a no-op first: once it has replaced this process, nobody could report its failure in weir's form.
function probeNetns({ program, words }: Door): string | undefined {
  const env = { ...process.env, LC_ALL: 'C' };
  const probe = spawnSync(program, [...words, 'true'], { encoding: 'utf8', env, timeout: 10_000 });
  if (probe.status === 0) return undefined;
  return probe.stderr?.trim() || probe.error?.message || `${program} ended with ${probe.status ?? probe.signal}`;
}

// Ctrl-C reaches the child by itself (same process group); a signal sent to us alone is passed on.
async function runInPlace(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(file, args, { stdio: 'inherit', env });
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  const ignore = () => {};
  process.on('SIGTERM', forward).on('SIGHUP', forward).on('SIGINT', ignore);
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject).on('exit', (...end) => resolve(end));
  });
  process.off('SIGTERM', forward).off('SIGHUP', forward).off('SIGINT', ignore);
  return code ?? 128 + osConstants.signals[signal ?? 'SIGTERM'];
}
