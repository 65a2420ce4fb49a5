/**
 * Feeds the Groovy front end broken input: `node scripts/bench/fuzz-groovy.ts [SECONDS] [SEED]`. Fixture scripts with pieces
 * deleted, doubled, swapped or replaced, and texts that are made to be slow. Prints the number of inputs, what was thrown
 * (a WeirError is an answer, anything else a crash), hangs and the slowest. Each input is planned in a worker that is
 * ended after a minute. Ends with 1 on a crash or a hang; those inputs are printed.
 */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { WeirError } from '../../src/errors/weir-error.ts';
import { planRuleSource } from '../../src/rules/plan-rule-source.ts';
import { readRuleFile } from '../../src/rules/read/read-rule-file.ts';
import { fixtureCases } from '../../test/fakes/fixture-cases.ts';
import { record } from './figure.ts';

const [seconds = '30', seedText = '1'] = process.argv.slice(2);
/** Wall time after which an input counts as a hang; far off, for a busy machine stretches it. */
const DEADLINE_MS = 60_000;
/** Processor time that an input may take. */
const SLOW_MS = 2_000;
const LARGE = 100_000;

const PIECES = [
  ...[
    '{',
    '}',
    '(',
    ')',
    '[',
    ']',
    '"',
    "'",
    '"""',
    "'''",
    '/',
    '$/',
    '/$',
    '${',
    '->',
    '?.',
    '*.',
    '==~',
    '=~',
    '<=>',
  ],
  ...[
    '..',
    '..<',
    '/*',
    '*/',
    '//',
    '\\',
    '\\u',
    '\n',
    ';',
    'return',
    'def',
    'class',
    'switch',
    'while (true)',
    '\u0000',
  ],
];

// Made to be slow for a careless lexer, parser or evaluator.
const HOSTILE: readonly (readonly [string, string])[] = [
  ['deep parentheses', `return ${'('.repeat(LARGE)}1${')'.repeat(LARGE)}`],
  ['deep closures', '{ '.repeat(LARGE)],
  ['unclosed closures', `return invokers.find${'{'.repeat(40)}`],
  ['deep lists', '['.repeat(LARGE)],
  ['many nots', `return ${'!'.repeat(LARGE)}x`],
  ['long sum', `return ${'1+'.repeat(LARGE)}1`],
  ['long literal', `return '${'x'.repeat(4_000_000)}'`],
  ['long number', `return ${'9'.repeat(LARGE)}`],
  ['nested strings', '"${'.repeat(LARGE)],
  ['endless loop', 'while (true) { }\nreturn invokers'],
  ['loops in loops', `${'for (int i = 0; i < 1000; i++) {'.repeat(8)} x += 1 ${'}'.repeat(8)}\nreturn invokers`],
  ['doubling text', `def s = 'x'\nfor (int i = 0; i < 900; i++) { s = s + s }\nreturn invokers`],
  ['regex bomb', `return invocation.methodName ==~ /${'(a+)+'.repeat(30)}b/ ? invokers : []`],
  ['many branches', Array.from({ length: 40 }, (_, i) => `if (invocation.arguments[${i}]) x${i} = 1`).join('\n')],
  ['growing list', 'def m = []\nfor (int i = 0; i < 1000; i++) { for (x in 1..1000) { m << x } }\nreturn invokers'],
  ['two calls in each', 'def f(n) { n < 2 ? n : f(n - 1) + f(n - 2) }\nf(40)\nreturn invokers'],
  ['casts in casts', `return ${'(a)('.repeat(100)}`],
  ['keys in keys', `return ${'[('.repeat(60)}1${')]'.repeat(60)}`],
  ['closures in defaults', `return ${'{ a = '.repeat(60)}1${'}'.repeat(60)}`],
  ['loops in closures', 'for (x in {'.repeat(50)],
  ['recursion', 'def f(n) { f(n + 1) }\nf(0)\nreturn invokers'],
];

// A small generator, so that a seed gives the same inputs on every machine.
let state = Number(seedText) >>> 0;
function below(limit: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
}

function mutate(text: string): string {
  let out = text;
  for (let change = below(6); change >= 0; change -= 1) {
    const at = below(out.length + 1);
    const to = Math.min(out.length, at + below(30));
    const piece = PIECES[below(PIECES.length)] ?? '';
    const made = [piece, '', out.slice(at, to).repeat(2), piece.repeat(1 + below(50)), out.slice(to, to + 20)];
    out = out.slice(0, at) + (made[below(made.length)] ?? '') + out.slice(to);
  }
  return out;
}

/** How an input ended; a text is the crash. */
type Answer = 'planned' | 'refused' | { readonly crash: string };

function plan(name: string, text: string): Answer {
  try {
    planRuleSource(readRuleFile(name, text), {});
    return 'planned';
  } catch (error) {
    return error instanceof WeirError ? 'refused' : { crash: String(error) };
  }
}

let worker: Worker | null = null;

// Loading the front end is no part of an input's time.
async function startWorker(): Promise<Worker> {
  const started = new Worker(new URL(import.meta.url));
  await once(started, 'message');
  return started;
}

async function ask(name: string, text: string): Promise<Answer | 'hang'> {
  const asked = worker ?? (await startWorker());
  worker = asked;
  const { promise, resolve } = Promise.withResolvers<Answer | 'hang'>();
  const late = setTimeout(() => resolve('hang'), DEADLINE_MS);
  asked.once('message', resolve);
  // Out of memory ends a worker with an error, not with an answer.
  asked.once('error', (error) => resolve({ crash: String(error) }));
  asked.postMessage({ name, text });
  const answer = await promise;
  clearTimeout(late);
  asked.removeAllListeners('message');
  asked.removeAllListeners('error');
  if (answer === 'planned' || answer === 'refused') return answer;
  await asked.terminate();
  worker = null;
  return answer;
}

async function fuzz(): Promise<void> {
  const [counts, failures] = [{ planned: 0, refused: 0, crash: 0, hang: 0 }, [] as string[]];
  let slowest = { name: '-', ms: 0 };
  let slow = 0;
  const feed = async (name: string, text: string): Promise<void> => {
    const began = process.cpuUsage();
    const answer = await ask(name, text);
    const { user, system } = process.cpuUsage(began);
    const ms = (user + system) / 1000;
    if (ms > slowest.ms) slowest = { name, ms };
    if (ms > SLOW_MS) slow += 1;
    counts[typeof answer === 'string' ? answer : 'crash'] += 1;
    const what = typeof answer === 'string' ? answer : answer.crash;
    if (what !== 'planned' && what !== 'refused')
      failures.push(`${name}: ${what}: ${JSON.stringify(text.slice(0, 500))}`);
  };
  for (const [name, text] of HOSTILE) await feed(name, text);
  const scripts = fixtureCases().filter(({ path }) => path.endsWith('.groovy'));
  const end = performance.now() + Number(seconds) * 1000;
  let made = 0;
  while (performance.now() < end) {
    const script = scripts[below(scripts.length)];
    made += 1;
    if (script !== undefined) await feed(`${script.id} #${made}`, mutate(script.text));
  }
  await worker?.terminate();
  const lines = [
    `inputs: ${HOSTILE.length + made} (${HOSTILE.length} hostile, ${made} mutants of ${scripts.length} scripts, seed ${seedText})`,
    `planned ${counts.planned}, refused with a located error ${counts.refused}, crashes ${counts.crash}, without an end after ${DEADLINE_MS / 1000} s ${counts.hang}`,
    `over ${SLOW_MS / 1000} s of processor time ${slow}; slowest: ${slowest.name}, ${slowest.ms.toFixed(0)} ms; resident ${Math.round(process.memoryUsage.rss() / 1_048_576)} MB`,
    ...failures.slice(0, 20),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  const fed = HOSTILE.length + made;
  record({
    ...{
      what: `crashes and hangs of the Groovy front end, ${fed} broken inputs`,
      unit: '',
      weir: counts.crash + counts.hang,
    },
    goal: { most: 0 },
  });
  process.exitCode = failures.length > 0 ? 1 : 0;
}

if (isMainThread) await fuzz();
else {
  parentPort?.on('message', ({ name, text }: { name: string; text: string }) =>
    parentPort?.postMessage(plan(name, text)),
  );
  parentPort?.postMessage('ready');
}
