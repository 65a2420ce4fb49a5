/** What the two builds share: that of dist/ and that of the packaged weir. */
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ProgramName } from '../../src/platform/process/programs.ts';
import { buildFacts } from './build-facts.ts';

/** The folder of the project. */
export const ROOT = dirname(dirname(import.meta.dirname));

/** What bin/run.js loads, one after the other. */
export const ENTRIES = ['src/platform/enter-netns.ts', 'src/cli/run-cli.ts'];
/** What `weir off` and the first page load: each is one file, since every file of a bundle costs as much as many functions. */
export const QUICK = [
  'src/interception/cli/begin-off.ts',
  'src/interception/cli/carry-out-off.ts',
  // The first page.
  'src/cli/start-page.ts',
];
/**
 * Commands of a host in trouble, each one file for the same reason; all others share the chunks of one bundle. They are
 * made without oclif, for plain command lines; others (help, mistakes) go to the same command in the bundle of all.
 */
export const HOT = ['status', 'verify', 'on', 'plan', 'confirm', 'uninstall'];
/** What stands in for oclif in them. */
export const PLAIN = Object.fromEntries(
  ['command', 'flags', 'args'].map((name) => [`@oclif/core/${name}`, join(ROOT, `src/cli/plain/${name}.ts`)]),
);
/**
 * Programs that end soon after they were started: each is one file too. One of 30 files took 122 ms of processor time, and
 * takes 79. Those that stay share chunks with the commands, and load only what they need, for the sake of their memory.
 */
export const SHORT: readonly ProgramName[] = ['printSpec', 'printPlan', 'printRules', 'probeChild', 'askUrl'];
/** Loaded late all the same: ink runs in no file of CommonJS. */
export const NEVER_INLINE = ['src/interception/cli/status-watch.ts'];
/** What these two load late, from the bundle of all commands. */
export const LATE = [
  'src/mesh/compose.ts',
  'src/platform/readiness.ts',
  'src/interception/adapters/state-schema.ts',
  'src/interception/adapters/event-schema.ts',
  'src/interception/adapters/probe/prober.ts',
  'src/interception/adapters/probe/probe-addresses.ts',
  'src/interception/adapters/ssh/ssh-facts.ts',
  'src/interception/adapters/firewall/detect.ts',
  'src/interception/adapters/firewall/foreign.ts',
];

/** Files of src/ that are shipped as they are: the JDK of the machine compiles them. */
export const ASSETS = ['GroovyOracle', 'CallValues', 'RouterOracle', 'Routers27', 'Routers3'].map(
  (name) => `rules/adapters/oracle/${name}.java`,
);

/** CommonJS code inside an ES module bundle still reads these names. */
export const banner = [
  "import { createRequire as __weirCreateRequire } from 'node:module';",
  'const require = __weirCreateRequire(import.meta.url);',
  'const __filename = import.meta.filename, __dirname = import.meta.dirname;',
].join('\n');

/** Changes with any source, and with any library. */
const buildId = createHash('sha256');
for (const file of [...globSync('src/**/*.{ts,tsx}', { cwd: ROOT }).sort(), 'package-lock.json'])
  buildId.update(file).update(readFileSync(join(ROOT, file)));

/** What all bundles have in common. */
export const common = {
  absWorkingDir: ROOT,
  outbase: 'src',
  bundle: true,
  platform: 'node',
  target: 'node22',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  define: {
    'process.env.NODE_ENV': '"production"',
    WEIR_BUILD: JSON.stringify(buildId.digest('hex').slice(0, 16)),
    __WEIR_FACTS__: JSON.stringify(buildFacts()),
  },
  write: false,
  logLevel: 'warning',
} as const;

/** The text of the entry of a command that is one file. */
export function hotEntry(command: string) {
  return {
    contents: [
      `import Command from './commands/${command}.ts';`,
      `import { runPlain } from './cli/plain/run-plain.ts';`,
      `export const run = (words, version) => runPlain(Command, { words, version });`,
    ].join('\n'),
    resolveDir: join(ROOT, 'src'),
    sourcefile: `${command}.ts`,
    loader: 'ts',
  } as const;
}
