/** The ends of a handoff, by what the supervisors answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SupervisorFacts } from '../../../src/sidecar/records/handoff-records.ts';
import { handOff, type OtherWeir } from '../../../src/sidecar/usecases/hand-off.ts';
import { type Conversation, FakeSidecarPorts } from './fake-ports.ts';

const OLD = { version: '0.1.0', entry: '/opt/weir-1/bin/run.js', mark: 'a' } as const;
const NEW = { version: '0.2.0', entry: '/opt/weir-2/bin/run.js', mark: 'b' } as const;
const OTHER: OtherWeir = { build: NEW, program: ['/opt/node', NEW.entry] };
/** The number that a request gets at the time 0 of the fake clock. */
const ID = '0-42';

function facts(change: Partial<SupervisorFacts> = {}): Conversation {
  return [{ result: { pid: 42, weir: OLD, sidecars: ['main'], handoff: null, ...change } }];
}

const pending = facts({ weir: NEW, handoff: { id: ID, state: 'pending', reason: null } });
const done = facts({ weir: NEW, handoff: { id: ID, state: 'done', reason: null } });
const failed = facts({ handoff: { id: ID, state: 'failed', reason: 'main: no such file' } });
const older = facts({ handoff: { id: '0-7', state: 'failed', reason: 'yesterday' } });
const refusal = { code: 'WEIR4018', what: 'the supervisor was not replaced', why: 'half a package', hint: 'mend that' };

async function run(name: string | null, talks: readonly Conversation[], force = false) {
  const fake = new FakeSidecarPorts(...talks);
  const warnings: string[] = [];
  const hear = { warn: (text: string) => void warnings.push(text), force, signal: new AbortController().signal };
  return { fake, warnings, result: await handOff(fake.ports, name, OTHER, hear) };
}

test('it is replaced once the other weir says that it has adopted everything', async () => {
  const { result, fake, warnings } = await run('main', [facts(), facts(), null, pending, done]);
  assert.deepEqual(
    result.map(({ outcome, pid, from, to, sidecars }) => ({ outcome, pid, from, to, sidecars })),
    [{ outcome: 'replaced', pid: 42, from: OLD, to: NEW, sidecars: ['main'] }],
  );
  assert.deepEqual(fake.asked[1], { command: 'replace', id: ID, program: ['/opt/node', NEW.entry] });
  assert.deepEqual(warnings, []);
});

test('a supervisor of this very build is left alone, unless that is forced', async () => {
  const same = await run('main', [facts({ weir: NEW })]);
  assert.deepEqual([same.result[0]?.outcome, same.fake.asked.length], ['unchanged', 1]);
  const forced = await run('main', [facts({ weir: NEW }), facts(), done], true);
  assert.equal(forced.result[0]?.outcome, 'replaced');
  const unmarked = { ...NEW, mark: null };
  const unknown = await run('main', [facts({ weir: unmarked }), facts(), done]);
  assert.equal(unknown.result[0]?.outcome, 'replaced', 'a build that cannot be told is not this one');
});

test('without a name each supervisor of mesh.yaml is replaced once; without any that is an error', async () => {
  const { result } = await run(null, [facts(), facts(), done]);
  assert.equal(result.length, 1);
  await assert.rejects(run(null, [null]), { code: 'WEIR4002' });
  await assert.rejects(run('main', [null]), { code: 'WEIR4002' });
  await assert.rejects(run('nope', [null]), { code: 'WEIR4011' });
});

test('a refusal and a weir of before handoffs are told as what they are', async () => {
  await assert.rejects(run('main', [facts(), [{ error: refusal }]]), { code: 'WEIR4018', why: 'half a package' });
  const unknown = { code: 'WEIR2026', what: 'the request', why: 'it knows no command "supervisor"', hint: 'x' };
  await assert.rejects(run('main', [[{ error: unknown }]]), {
    code: 'WEIR4018',
    why: /does not know how/,
    hint: /SIGKILL/,
  });
});

test('a weir that gave the sidecars back ends with the reason, exit 4', async () => {
  await assert.rejects(run('main', [facts(), facts(), null, failed]), {
    code: 'WEIR4019',
    exit: 4,
    why: 'main: no such file',
  });
});

test('another process of the wanted weir is a success with a warning; one of the former weir is none', async () => {
  const restarted = await run('main', [facts(), facts(), null, facts({ pid: 99, weir: NEW })]);
  assert.deepEqual([restarted.result[0]?.outcome, restarted.result[0]?.pid], ['replaced', 99]);
  assert.match(restarted.warnings.join(), /started again as process 99/);
  await assert.rejects(run('main', [facts(), facts(), null, facts({ pid: 99 })]), { code: 'WEIR4019' });
});

test('nobody who answers for a minute is lost, exit 5', async () => {
  await assert.rejects(run('main', [facts(), facts(), null]), { code: 'WEIR4020', exit: 5 });
});

test('one that never says that it has adopted everything is lost too', async () => {
  await assert.rejects(run('main', [facts(), facts(), pending]), { code: 'WEIR4020' });
});

test('a supervisor that goes away without an answer is not one that is not there', async () => {
  await assert.rejects(run('main', [[]]), { code: 'WEIR4009' });
  await assert.rejects(run(null, [[]]), { code: 'WEIR4009' });
});

for (const [moment, talks, abortAt, what, why] of [
  ['before it was asked', [facts()], 0, /no supervisor was asked to become this weir$/, /.+/],
  [
    ...(['while it was asked', [facts(), [], facts()], 1] as const),
    ...[
      /whether the supervisor of main begins the handoff cannot be told$/,
      /begins nothing for somebody who went away/,
    ],
  ],
  [
    ...(['while it was asked, and another handoff is older', [facts(), [], older], 1] as const),
    ...[/whether the supervisor of main begins the handoff cannot be told$/, /tries the other weir first/],
  ],
  [
    ...(['while it was asked, and nobody says more', [facts(), [], null], 1] as const),
    ...[/whether the supervisor of main begins the handoff cannot be told$/, /tries the other weir first/],
  ],
  [
    ...(['after it was taken', [facts(), facts(), null], 2] as const),
    ...[/process 42 goes on to become the other weir, for main$/, /gives them back/],
  ],
  [
    ...(['while the other weir adopts', [facts(), facts(), pending], 2] as const),
    ...[/process 42 goes on to become the other weir, for main$/, /gives them back/],
  ],
  [
    ...(['as the other weir was done', [facts(), [], done], 1] as const),
    ...[/main: supervised by weir 0\.2\.0 .*in process 42$/, /had adopted everything/],
  ],
  [
    ...(['as the former weir was back', [facts(), facts(), null, failed], 2] as const),
    ...[/main: supervised by weir 0\.1\.0 .*the former one$/, /no such file/],
  ],
] as const)
  test(`whoever stops waiting for a handoff is told what stands: ${moment}`, async () => {
    const stop = new AbortController();
    const fake = new FakeSidecarPorts(...talks);
    const line = fake.ports.supervisorOf('main');
    const ask: typeof line.ask = async (request, ...rest) => {
      if (fake.asked.length === abortAt) stop.abort();
      return line.ask(request, ...rest);
    };
    const ports = { ...fake.ports, supervisorOf: () => ({ ...line, ask }) };
    const how = { warn: assert.fail, force: false, signal: stop.signal };
    await assert.rejects(handOff(ports, 'main', OTHER, how), {
      ...{ code: 'WEIR2005', exit: 130, what, why },
    });
  });
