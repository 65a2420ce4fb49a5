/**
 * Plants errors in weir's model of Groovy, one at a time, in a copy of the tree: `npm run planted`. Each has to be caught
 * twice: by the real Groovy that `convert` asks, and by the 300 generated scripts of the gate. Ends with 1 when one is
 * missed, or when the tree without an error is blamed.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An error: the text of a file that is changed, and a script whose rule it breaks. */
interface Plant {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly script: string;
}

const ZONE = "return invokers.findAll { it.url.parameters.zone == 'a' }";
const BY_PREFIX = `if (invocation.getAttachment('tag')?.startsWith('gr')) ${ZONE}\nreturn invokers\n`;
const BY_SUM = `if (invocation.arguments[0] + 1 == 8) ${ZONE}\nreturn invokers\n`;

const PLANTS: readonly Plant[] = [
  {
    name: 'startsWith is taken for endsWith',
    file: 'src/rules/groovy/methods/methods-text.ts',
    from: "name === 'startsWith' ? 'prefix'",
    to: "name === 'startsWith' ? 'suffix'",
    script: BY_PREFIX,
  },
  {
    name: '+ of whole numbers is taken for -',
    file: 'src/rules/groovy/values/arithmetic.ts',
    from: 'integral(cls, a.value + b.value)',
    to: 'integral(cls, a.value - b.value)',
    script: BY_SUM,
  },
];

/** The generated scripts of the gate: their number and seed (test/e2e/groovy-knowledge-scripts.test.ts). */
const GATE = ['300', '20261128'];

const folder = mkdtempSync(join(tmpdir(), 'weir-planted-'));
for (const name of ['src', 'test', 'scripts', 'package.json']) cpSync(name, join(folder, name), { recursive: true });
for (const name of ['node_modules', '.cache']) symlinkSync(join(process.cwd(), name), join(folder, name));

/** Longest time of one program. The generated scripts take 10 s on an idle machine. */
const LIMIT_MS = 600_000;

/** The exit code of a program of the copied tree: 1 where it blames weir, null where it did not end in time. */
function codeOf(...argv: string[]): number | null {
  process.stderr.write(`  ${argv.slice(0, 2).join(' ').replace(`${folder}/`, '')}\n`);
  const { status, stderr } = spawnSync(process.execPath, argv, { cwd: folder, encoding: 'utf8', timeout: LIMIT_MS });
  if (status === null) process.stderr.write(`it did not end within ${LIMIT_MS / 60_000} minutes\n`);
  if (status !== 0 && status !== 1) process.stderr.write(stderr);
  return status;
}

function ask(script: string): string {
  const path = join(folder, 'planted.groovy');
  writeFileSync(path, script);
  return answer(codeOf('scripts/planted/ask-engine.ts', path));
}

function generate(): string {
  return answer(codeOf('scripts/bench/differential.ts', 'scripts', ...GATE));
}

function answer(code: number | null): string {
  return code === 1 ? 'caught' : code === 0 ? 'silent' : 'failed';
}

let missed = 0;
const report = (name: string, wanted: string, asked: string, generated: string): void => {
  process.stdout.write(`${name}: convert's real Groovy ${asked}, the generator of the gate ${generated}\n`);
  if (asked !== wanted || generated !== wanted) missed++;
};
try {
  report('no error', 'silent', ask(BY_PREFIX) === 'silent' ? ask(BY_SUM) : 'caught', generate());
  for (const { name, file, from, to, script } of PLANTS) {
    const path = join(folder, file);
    const source = readFileSync(path, 'utf8');
    if (source.split(from).length !== 2) throw new Error(`${file} has to hold once: ${from}`);
    writeFileSync(path, source.replace(from, to));
    report(name, 'caught', ask(script), generate());
    writeFileSync(path, source);
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.exitCode = missed > 0 ? 1 : 0;
