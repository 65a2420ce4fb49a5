/** The command line of `weir off`, read without the command framework, which takes longer to load than the switch. */
import { parseDuration } from '../../platform/duration.ts';
import type { ExistingConnections } from '../send-direct.ts';

/** The request in a command line of `off`. */
export interface OffLine {
  readonly apps: readonly string[] | 'all';
  readonly existing: ExistingConnections;
  readonly drainMs: number;
  readonly reason: string | null;
  readonly json: boolean;
  readonly netns: string;
  readonly config: string;
  readonly runDir: string;
  readonly stateDir: string;
}

const EXISTING: readonly string[] = ['drain', 'keep', 'cut'] satisfies ExistingConnections[];
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const VALUED = ['--existing', '--drain', '--reason', '--netns', '--config', '--run-dir', '--state-dir'];
const BARE = ['--all', '--json'];

/**
 * Reads the plain forms: names, and flags that are spelled out, each once. Null for everything else (help, mistakes,
 * `--`, `--verbose`, empty values): the command itself reads those, and says what is wrong.
 */
export function readOffLine(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): OffLine | null {
  if (argv[0] !== 'off') return null;
  const flags = new Map<string, string>();
  const names: string[] = [];
  const words = argv.slice(1);
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const [flag = '', ...rest] = word.split('=');
    if (NAME.test(word)) names.push(word);
    else if (flags.has(flag)) return null;
    else if (BARE.includes(word)) flags.set(word, '');
    else if (VALUED.includes(flag)) {
      const value = word.includes('=') ? rest.join('=') : words.shift();
      if (value === undefined || value === '' || value.startsWith('-')) return null;
      flags.set(flag, value);
    } else return null;
  }
  const existing = flags.get('--existing') ?? 'drain';
  const drainMs = parseDuration(flags.get('--drain') ?? '15s');
  const isAll = flags.has('--all');
  if (!isExisting(existing) || drainMs === null || (names.length === 0 && !isAll)) return null;
  const place = (flag: string, variable: string, usual: string): string => flags.get(flag) ?? env[variable] ?? usual;
  return {
    apps: isAll ? 'all' : [...new Set(names)],
    existing,
    drainMs,
    reason: flags.get('--reason') ?? null,
    json: flags.has('--json'),
    netns: flags.get('--netns') ?? '',
    config: place('--config', 'WEIR_CONFIG', '/etc/weir/mesh.yaml'),
    runDir: place('--run-dir', 'WEIR_RUN_DIR', '/run/weir'),
    stateDir: place('--state-dir', 'WEIR_STATE_DIR', '/var/lib/weir'),
  };
}

function isExisting(text: string): text is ExistingConnections {
  return EXISTING.includes(text);
}
