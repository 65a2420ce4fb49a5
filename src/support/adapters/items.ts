/** The files and command lines of this host that a bug report needs. */
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { messageOf } from '../../errors/message-of.ts';
import { runTool } from '../../platform/exec.ts';
import { nullIfMissing } from '../../platform/null-if-missing.ts';
import { weirArgv } from '../../platform/process/programs.ts';
import type { SupportItem } from '../gather.ts';

/** Where weir is at home on this host. */
export interface SupportPlaces {
  readonly config: string;
  readonly configDir: string;
  readonly runDir: string;
  readonly stateDir: string;
  readonly netns: string;
}

/** What `secretsKept` knows. */
export interface SecretsKept {
  readonly secrets: readonly string[];
  readonly unread: readonly UnreadSecret[];
}

/** A file or a folder whose secrets are not known. */
export interface UnreadSecret {
  readonly path: string;
  readonly why: string;
}

const TOOL_MS = 30_000;
/** Of a longer file its end is taken. */
const LONGEST = 2 * 1024 * 1024;
/** Bytes; a file of more holds data. */
const LONGEST_SECRET = 64 * 1024;
/** Files of texts; all else in these folders is programs, sockets and keys. */
const TEXT = /\.(?:ya?ml|json|jsonl|log|log\.1|txt|prom|sh|note|service)$/;
/** By name the home of a secret. */
const SECRET_FILE = /(?:^|[/._-])(?:password|passwd|secret|token|auth|credentials?|private|key)(?:[/._-]|$)/i;

const KERNEL: Readonly<Record<string, readonly [string, ...string[]]>> = {
  'kernel/nft.txt': ['nft', 'list', 'ruleset'],
  'kernel/iptables-nft.txt': ['iptables-nft-save', '-c'],
  'kernel/ip6tables-nft.txt': ['ip6tables-nft-save', '-c'],
  'kernel/iptables-legacy.txt': ['iptables-legacy-save', '-c'],
  'kernel/addresses.txt': ['ip', 'address'],
  'kernel/routes.txt': ['ip', 'rule'],
  'kernel/uname.txt': ['uname', '-a'],
  'host/units.txt': ['systemctl', '--no-pager', 'status', 'weir-*'],
  'host/journal.txt': ['journalctl', '--no-pager', '--lines', '2000', '--unit', 'weir-*'],
};

/** What weir says itself; each changes nothing. */
const WEIR: readonly (readonly [string, ...string[]])[] = [
  ['version'],
  ['status'],
  ['plan'],
  ['check'],
  ['config', 'check'],
  ['sidecar', 'status'],
  ['discovery', 'status'],
];

/** Everything that would be read. Folders that cannot be listed are items that fail, so that the archive says so. */
export async function supportItems({
  config,
  configDir,
  runDir,
  stateDir,
  netns,
}: SupportPlaces): Promise<SupportItem[]> {
  const places = ['--config', config, '--run-dir', runDir, '--state-dir', stateDir];
  const own = WEIR.map((words) => {
    const where = netns !== '' && ['status', 'plan', 'check'].includes(words[0]) ? ['--netns', netns] : [];
    return command(
      `weir/${words.join('-')}.json`,
      [...weirArgv([]), ...words, '--json', ...places, ...where],
      `weir ${words.join(' ')} --json`,
    );
  });
  const tools = Object.entries(KERNEL).map(([name, argv]) => command(name, argv, argv.join(' ')));
  const folders: readonly (readonly [string, string])[] = [
    ['etc', configDir],
    ['run', runDir],
    ['state', stateDir],
  ];
  const files: SupportItem[] = [file('host/os-release.txt', '/etc/os-release')];
  for (const [name, folder] of folders) files.push(...(await folderItems(name, folder)));
  return [...own, ...tools, ...files];
}

/**
 * The content of files that hold secrets by their name, links to such files included: never in the archive, and looked for
 * in all that is. What could not be read may stand in a log all the same, so it is named.
 */
export async function secretsKept({ configDir, stateDir }: SupportPlaces): Promise<SecretsKept> {
  const secrets: string[] = [];
  const unread: UnreadSecret[] = [];
  const note = (path: string) => (error: unknown) => {
    unread.push({ path, why: messageOf(error) });
    return null;
  };
  for (const folder of [configDir, stateDir]) {
    const entries = await list(folder).catch(nullIfMissing).catch(note(folder));
    for (const entry of (entries ?? []).filter((one) => one.isFile() || one.isSymbolicLink())) {
      const path = join(entry.parentPath, entry.name);
      if (!SECRET_FILE.test(relative(folder, path))) continue;
      secrets.push(...((await secretLines(path).catch(nullIfMissing).catch(note(path))) ?? []));
    }
  }
  return { secrets, unread };
}

async function secretLines(path: string): Promise<string[]> {
  const { size } = await stat(path);
  if (size > LONGEST_SECRET) throw new Error(`${size} bytes are more than a secret has`);
  return (await readFile(path, 'utf8')).split('\n').filter((line) => !line.startsWith('-----'));
}

async function folderItems(name: string, folder: string): Promise<SupportItem[]> {
  try {
    const paths = await walk(folder);
    return paths
      .filter((path) => TEXT.test(path) && !SECRET_FILE.test(relative(folder, path)))
      .map((path) => file(join(name, relative(folder, path)), path));
  } catch (error) {
    return [{ name, from: folder, read: () => Promise.reject(error) }];
  }
}

/** Plain files only: a link may lead anywhere. */
async function walk(folder: string): Promise<string[]> {
  return (await list(folder))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

const list = (folder: string) => readdir(folder, { withFileTypes: true, recursive: true });

function file(name: string, path: string): SupportItem {
  return { name, from: path, read: () => readEnd(path) };
}

async function readEnd(path: string): Promise<string> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const from = Math.max(0, size - LONGEST);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - from), 0, size - from, from);
    const text = buffer.subarray(0, bytesRead).toString('utf8');
    return from === 0 ? text : `[${from} bytes before this are left out]\n${text}`;
  } finally {
    await handle.close();
  }
}

function command(name: string, argv: readonly [string, ...string[]], from: string): SupportItem {
  return {
    name,
    from,
    async read() {
      const { stdout, stderr, exitCode } = await runTool(argv, { timeoutMs: TOOL_MS, reject: false });
      const complaint = stderr.trim() === '' ? '' : `\n[stderr]\n${stderr}`;
      return `${stdout}${complaint}${exitCode === 0 ? '' : `\n[exit ${exitCode}]\n`}`;
    },
  };
}
