/** Commands and supervisors of different age on a real socket: what both understand works, the rest is refused by name. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { answerLine } from '../../../src/platform/agent/protocol.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { serveControlSocket } from '../../../src/platform/control-socket.ts';
import { askSupervisorOf, supervisorLine } from '../../../src/sidecar/adapters/supervisor-line.ts';
import { CONTROL_PROTOCOL, type ControlEvent } from '../../../src/sidecar/records/control-protocol.ts';
import { controlHandlers } from '../../../src/sidecar/supervisor/serve-requests.ts';
import { SupervisorProcess } from '../../../src/sidecar/supervisor/supervisor-process.ts';
import { followUpgrade } from '../../../src/sidecar/usecases/follow-upgrade.ts';
import { SupervisorStage } from '../supervisor/supervisor-stage.ts';

let runDir: string;
let socketPath: string;
const closers: (() => unknown)[] = [];

describe('commands and supervisors of different age on a real socket: what both understand works, the rest is refused by name', () => {
  beforeEach(async () => {
    runDir = await mkdtemp(join(tmpdir(), 'weir-protocol-'));
    await mkdir(join(runDir, 'main'));
    socketPath = join(runDir, 'main', 'control.sock');
  });
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
    await rm(runDir, { recursive: true });
  });

  /** A supervisor of this weir behind its real socket. */
  async function supervisor(): Promise<SupervisorStage> {
    const stage = await SupervisorStage.live();
    const weir = { version: '0.1.0', entry: '/usr/bin/weir', mark: null };
    const facts = () => ({ pid: 1, weir, handoff: null });
    const self = new SupervisorProcess({ facts, obstacle: null, trial: async () => {} });
    const handlers = controlHandlers(stage.supervisor, stage.requests, async () => {}, self);
    const served = await serveControlSocket(socketPath, (line, write, gone) =>
      answerLine(CONTROL_PROTOCOL, handlers, line, write, gone),
    );
    closers.push(() => served.close());
    return stage;
  }

  /** Something that answers a request with these chunks of bytes, as another weir or another program would. */
  async function answering(...chunks: readonly (string | Buffer)[]): Promise<string[]> {
    const heard: string[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', async (request: Buffer) => {
        heard.push(request.toString());
        for (const chunk of chunks) {
          socket.write(chunk);
          // Apart from the next one also on the way.
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        socket.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    closers.push(() => new Promise((resolve) => server.close(resolve)));
    return heard;
  }

  /** Sends raw bytes and resolves to the lines that come back; `isOver` is called between, so that a fake clock can run. */
  async function raw(bytes: readonly (string | Buffer)[], pass = async () => {}): Promise<Record<string, unknown>[]> {
    const socket: Socket = connect(socketPath);
    let text = '';
    let isClosed = false;
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      isClosed = true;
    });
    await new Promise((resolve) => socket.once('connect', resolve));
    for (const chunk of bytes) {
      socket.write(chunk);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    while (!isClosed) {
      await pass();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  }

  const error = (lines: readonly Record<string, unknown>[]) =>
    lines.at(-1)?.error as Record<string, unknown> | undefined;

  // As weir sent and answered before there were versions.
  const OLD_REQUEST =
    '{"command":"upgrade","binary":"/opt/envoy/1.40.0","bootstrap":null,"dryRun":false,"force":false,"drainMs":null,"initTimeoutMs":60000,"rollback":false}\n';
  const SIDE = { epoch: 0, version: '1.39.3', bootstrapSha256: 'ab' };
  const REPORT = {
    ...{ id: '7-1', at: '2026-01-01T00:00:00.000Z', outcome: 'settled', reason: 'the old process has ended' },
    ...{ from: SIDE, to: { ...SIDE, epoch: 1 }, states: [{ state: 'PREFLIGHT', atMs: 1 }] },
    ...{ connections: { drained: 2, cut: 0 }, requests: { cut: 0 }, drainedAtMs: 900, notices: [], warnings: [] },
  };
  // What a weir of today reads in it: what was not told then is null.
  const READ_SIDE = { ...SIDE, binarySha256: null };
  const READ_REPORT = {
    ...REPORT,
    dryRun: false,
    served: null,
    actor: null,
    note: null,
    from: READ_SIDE,
    to: { ...READ_SIDE, epoch: 1 },
  };
  const PROGRESS = { event: 'state', state: 'DRAINING', atMs: 5, secondsLeft: 15, connections: { old: 2, new: 0 } };
  const lines = (...messages: readonly object[]) => messages.map((message) => `${JSON.stringify(message)}\n`).join('');

  describe('a command older than the supervisor', () => {
    test('has its upgrade, with events and report as it knows them', async () => {
      const stage = await supervisor();
      const answer = await raw([OLD_REQUEST], () => stage.clock.pass(50));
      assert.equal(answer[0]?.event, 'accepted');
      assert.ok(answer.some(({ event, state }) => event === 'state' && state === 'DRAINING'));
      assert.match(JSON.stringify(answer.at(-1)?.result), /"outcome":"settled".*"to":\{[^}]*"version":"1\.40\.0"/);
    });

    test('may leave out what it does not know', async () => {
      const stage = await supervisor();
      const answer = await raw(['{"command":"upgrade"}\n'], () => stage.clock.pass(50));
      assert.match(JSON.stringify(answer.at(-1)?.result), /"outcome":"unchanged"/);
      assert.equal((await raw(['{"command":"abort"}\n'])).at(-1)?.schemaVersion, 1);
    });
  });

  describe('a command newer than the supervisor', () => {
    test('is served where it says that an old reader understands it, whatever else it adds', async () => {
      await supervisor();
      const [answer] = await raw(['{"schemaVersion":1,"command":"status","colour":"red"}\n']);
      assert.match(JSON.stringify(answer?.result), /"state":"live"/);
    });

    test('is refused by name where it asks for what this supervisor cannot know, and nothing happens', async () => {
      const stage = await supervisor();
      for (const line of [
        '{"schemaVersion":2,"command":"upgrade","wave":3}\n',
        '{"schemaVersion":9,"verb":"moon"}\n',
      ]) {
        const refused = error(await raw([line]));
        assert.equal(refused?.code, 'WEIR2025');
        assert.match(String(refused?.what), /written by a newer weir/);
        assert.match(String(refused?.why), /has version \d, and this weir reads versions up to 1/);
        assert.equal(refused?.exit, 3);
      }
      assert.deepEqual(stage.host.envoys.all.length, 1);
      assert.equal(stage.supervisor.job, null);
    });
  });

  describe('a supervisor older than the command', () => {
    test('is followed through an upgrade', async () => {
      const heard = await answering(lines({ event: 'accepted', id: '7-1' }, PROGRESS), lines({ result: REPORT }));
      const ports = {
        clock: systemClock,
        supervisorOf: () => supervisorLine({ runDir, stateDir: runDir }, 'main', () => {}),
      };
      const seen: unknown[] = [];
      const request = {
        command: 'upgrade',
        binary: null,
        bootstrap: null,
        dryRun: false,
        served: null,
        force: true,
        drainMs: null,
        initTimeoutMs: 60_000,
        rollback: false,
        now: false,
        accept: [],
        check: null,
        bakeMs: null,
        bakeBytes: null,
        spreadMs: null,
        note: null,
      } as const;
      const report = await followUpgrade(
        ports,
        'main',
        request,
        (event) => {
          seen.push(event);
          return 'go-on';
        },
        1_000,
      );
      assert.deepEqual(report, READ_REPORT);
      assert.deepEqual(seen, [PROGRESS]);
      assert.deepEqual(JSON.parse(heard[0] ?? ''), { schemaVersion: 1, ...request });
    });

    test('says what it refuses, and that it does not know a command, in its own words', async () => {
      const parts = { what: 'main is busy: DRAINING', why: 'one change at a time', hint: 'wait', exit: 3 };
      await answering(lines({ error: { code: 'WEIR4005', ...parts, details: { state: 'DRAINING' } } }));
      await assert.rejects(askSupervisorOf<'abort'>(runDir, 'main', { command: 'abort' }), {
        code: 'WEIR4005',
        what: parts.what,
        details: { state: 'DRAINING' },
      });
    });
  });

  describe('a supervisor newer than the command', () => {
    const status = () => askSupervisorOf<'status'>(runDir, 'main', { command: 'status' });

    test('is understood where it says that an old reader understands it; events that are new are passed over', async () => {
      const later = { schemaVersion: 1, ...PROGRESS, wave: 3 };
      await answering(
        lines({ schemaVersion: 1, event: 'moon', phase: 1 }, later, { schemaVersion: 1, result: REPORT }),
      );
      const events: ControlEvent[] = [];
      const answer = await askSupervisorOf<'follow'>(runDir, 'main', { command: 'follow', id: '7-1' }, (event) =>
        events.push(event),
      );
      assert.deepEqual(answer, { kind: 'result', result: READ_REPORT });
      assert.deepEqual(events, [PROGRESS]);
    });

    test('is refused by name where it answers in a form of its own', async () => {
      await answering(lines({ schemaVersion: 2, outcome: { kind: 'live' } }));
      await assert.rejects(status(), {
        code: 'WEIR2025',
        what: 'the answer of the supervisor was written by a newer weir',
      });
    });

    test('that refuses with a code of its own is quoted', async () => {
      await answering(
        lines({ error: { code: 'WEIR4099', what: 'the moon is full', why: 'it is', hint: 'wait', exit: 3 } }),
      );
      await assert.rejects(status(), {
        code: 'WEIR2025',
        what: 'the moon is full',
        why: 'it is (WEIR4099, which only a newer weir knows)',
      });
    });
  });

  describe('what is no supervisor, and no command', () => {
    const ask = () => askSupervisorOf<'abort'>(runDir, 'main', { command: 'abort' });

    test('nobody, and one that goes away in the middle, are answers of their own', async () => {
      assert.deepEqual(await ask(), { kind: 'nobody' });
      await answering('{"result":{"abor');
      assert.deepEqual(await ask(), { kind: 'gone' });
    });

    test('another program, half a document, a result of another form: an error, not a crash', async () => {
      const wrong = [
        'HTTP/1.1 400 Bad Request\r\n',
        '{"result":\n',
        '[]\n',
        'null\n',
        '{}\n',
        lines({ result: { told: 1 } }),
      ];
      for (const answer of wrong) {
        await answering(answer);
        await assert.rejects(ask(), { code: 'WEIR2026' }, answer);
        for (const close of closers.splice(0)) await close();
      }
    });

    test('a line without an end is let go, on both sides', async () => {
      await answering('x'.repeat(5_000_000));
      await assert.rejects(ask(), { code: 'WEIR2026', why: /more than 4194304 letters/ });
      for (const close of closers.splice(0)) await close();
      await supervisor();
      assert.equal(error(await raw(['y'.repeat(100_000)]))?.code, 'WEIR2026');
    });

    test('requests that are none are refused, and the supervisor goes on', async () => {
      const stage = await supervisor();
      const wrong = ['\n', 'hello\n', '7\n', '{"command":7}\n', '{"command":"toString"}\n', '{"command":"follow"}\n'];
      for (const line of [
        ...wrong,
        '{"command":"stop","drainMs":"soon"}\n',
        '{"schemaVersion":"x","command":"stop"}\n',
      ]) {
        assert.equal(error(await raw([line]))?.code, 'WEIR2026', line);
      }
      assert.equal(stage.supervisor.machine.state.name, 'idle');
    });

    test('a letter that is cut in two on the way arrives whole', async () => {
      const bytes = Buffer.from('{"command":"follow","id":"größe"}\n');
      const half = bytes.indexOf(0xc3) + 1;
      await answering(
        Buffer.from(lines({ error: { code: 'WEIR4005', what: 'zu groß', why: '…', hint: 'x' } })).subarray(0, 46),
        Buffer.from(lines({ error: { code: 'WEIR4005', what: 'zu groß', why: '…', hint: 'x' } })).subarray(46),
      );
      await assert.rejects(ask(), { what: 'zu groß', why: '…' });
      for (const close of closers.splice(0)) await close();
      const stage = await supervisor();
      stage.host.entries.push({ at: 'x', kind: 'report', report: { ...READ_REPORT, id: 'größe', outcome: 'settled' } });
      const [answer] = await raw([bytes.subarray(0, half), bytes.subarray(half)]);
      assert.equal((answer?.result as { id: string } | null)?.id, 'größe');
    });
  });
});
