/** Command lines over generated scripts: time, processor time and memory of each. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DIFFERENTIAL_CASE } from '../../../test/oracle/groovy/differential.ts';
import { KnowledgeScripts } from '../../../test/oracle/groovy/knowledge-script.ts';
import { WEIR_BIN } from '../../../test/run-weir.ts';

/** One command line: wall time and processor time in seconds, and resident memory in megabytes; null where nothing tells it. */
export interface MeasuredCommand {
  readonly name: string;
  readonly seconds: number;
  readonly processor: number;
  readonly megabytes: number | null;
}

const VARIED = 700;
const SEED = 7;
const RULES = 3000;
const zoneOf = (index: number): string => 'abc'[index % 3] ?? 'a';

/** Measures Node alone, one script, many varied scripts with a case, and 3,000 rules in two shapes. */
export function measureCommands(): MeasuredCommand[] {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  try {
    const place = (name: string, text: string): string => {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    };
    mkdirSync(join(folder, 'varied'));
    const generator = new KnowledgeScripts(SEED);
    for (let index = 0; index < VARIED; index++) place(`varied/s${index}.groovy`, generator.next().join('\n'));
    const known = place('case.json', JSON.stringify({ ...DIFFERENTIAL_CASE, calls: [] }));
    const one = place('one.groovy', "if (invocation.methodName == 'pay') return []\nreturn invokers\n");
    const convert = (name: string, ...more: string[]): string[] => {
      const out = ['--target', 'dubbo-mesh', '--out', join(folder, `out-${name}`)];
      return [WEIR_BIN, 'rules', 'convert', ...more, ...out, '--oracle', 'none'];
    };
    return [
      measure('node -e 0', ['-e', '0']),
      measure('inspect of one script', [WEIR_BIN, 'rules', 'inspect', one, '--oracle', 'none']),
      measure(
        `convert of ${VARIED} varied scripts with a case`,
        convert('varied', join(folder, 'varied'), '--case', known),
      ),
      measure(`convert of a table of ${RULES} rules`, convert('table', place('table.groovy', table()))),
      measure(`convert of ${RULES} rules in ten methods`, convert('methods', place('methods.groovy', methods()))),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function table(): string {
  const rows = Array.from({ length: RULES }, (_, index) => `  method${index}: '${zoneOf(index)}',`);
  return `def zones = [\n${rows.join('\n')}\n]\ndef zone = zones[invocation.methodName]\nif (zone) return invokers.findAll { it.url.parameters.zone == zone }\nreturn invokers\n`;
}

/** One body of 3,000 rules is more than the JVM takes. */
function methods(): string {
  const perMethod = RULES / 10;
  const parts = Array.from({ length: 10 }, (_, part) => {
    const lines = Array.from({ length: perMethod }, (_one, index) => {
      const at = part * perMethod + index;
      return `  if (invocation.methodName == 'm${at}') return invokers.findAll { it.url.parameters.zone == '${zoneOf(at)}' }`;
    });
    return `def part${part}(invocation, invokers) {\n${lines.join('\n')}\n  return null\n}`;
  });
  const asks = parts.map((_, part) => `r = part${part}(invocation, invokers)\nif (r != null) return r`);
  return `${parts.join('\n')}\ndef r\n${asks.join('\n')}\nreturn invokers\n`;
}

function measure(name: string, argv: readonly string[]): MeasuredCommand {
  const began = performance.now();
  const { stderr } = spawnSync('/usr/bin/time', ['-f', '%U %S %M', process.execPath, ...argv], { encoding: 'utf8' });
  const seconds = (performance.now() - began) / 1000;
  const [user, system, kilobytes] = (stderr ?? '').trimEnd().split('\n').at(-1)?.split(' ').map(Number) ?? [];
  const isTold = Number.isFinite(kilobytes);
  return {
    name,
    seconds,
    processor: isTold ? (user ?? 0) + (system ?? 0) : Number.NaN,
    megabytes: isTold ? Math.round((kilobytes ?? 0) / 1024) : null,
  };
}
