/** The answers for a sidecar that could not be started. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeirError } from '../../../src/errors/weir-error.ts';
import { SignalRelay } from '../../../src/sidecar/supervisor/signal-relay.ts';
import { standIn } from '../../../src/sidecar/supervisor/stand-in.ts';
import { SupervisorProcess } from '../../../src/sidecar/supervisor/supervisor-process.ts';
import type { ControlHandlers, SupervisorPorts } from '../../../src/sidecar/supervisor-ports.ts';
import { FAKE_SPEC } from '../../fakes/fake-sidecar-lab.ts';
import { SupervisorStage } from './supervisor-stage.ts';

const error = new WeirError('WEIR4014', { what: 'main cannot be started', why: 'no_such_field', hint: 'mend it' });

async function stand(stage: SupervisorStage, stop = () => {}) {
  let handlers: ControlHandlers | null = null;
  const facts = () => ({ pid: 7, weir: { version: '0.1.0', entry: '/usr/bin/weir', mark: null }, handoff: null });
  const self = new SupervisorProcess({ facts, obstacle: null, trial: async () => {} });
  const ports = {
    host: stage.host,
    clock: stage.clock,
    pid: 7,
    process: self,
    serveControl: async (served: ControlHandlers) => {
      handlers = served;
      return {
        close: async () => {
          handlers = null;
        },
      };
    },
  };
  const failure = { error, tries: 3, retryMs: 4000, signals: new SignalRelay() };
  const leave = await standIn(FAKE_SPEC, ports as unknown as SupervisorPorts, failure, stop);
  const served = (): ControlHandlers => {
    assert.ok(handlers);
    return handlers;
  };
  return { leave, served, self, isServed: () => handlers !== null };
}

const gone = () => new AbortController().signal;

test('the status is failed with the cause; what cannot be done is refused with it', async () => {
  const { served, leave, isServed } = await stand(new SupervisorStage());
  const status = await served().status({ command: 'status' }, () => {}, gone());
  assert.deepEqual([status.state, status.pid, status.supervisorPid], ['failed', null, 7]);
  assert.deepEqual([status.crash?.detail, status.crash?.inARow], ['main cannot be started: no_such_field', 3]);
  await assert.rejects(
    served()['reopen-logs']({ command: 'reopen-logs' }, () => {}, gone()),
    {
      code: 'WEIR4014',
      why: /no_such_field/,
    },
  );
  assert.deepEqual(await served().abort({ command: 'abort' }, () => {}, gone()), { aborted: false, served: null });
  await leave();
  assert.equal(isServed(), false);
});

test('an Envoy that runs all the same is named', async () => {
  const stage = await SupervisorStage.live();
  stage.die();
  const { served } = await stand(stage);
  const status = await served().status({ command: 'status' }, () => {}, gone());
  assert.deepEqual([status.state, status.version, status.epoch], ['failed', '1.39.3', 0]);
  assert.notEqual(status.pid, null);
});

test('a stop gives the sidecar up, and a handoff takes nothing of it along', async () => {
  let stops = 0;
  const { served, self } = await stand(new SupervisorStage(), () => {
    stops += 1;
  });
  assert.deepEqual(await served().stop({ command: 'stop', drainMs: null }, () => {}, gone()), { stopped: true });
  assert.equal(stops, 1);
  await self.replace({ command: 'replace', id: '1', program: ['/opt/node'] });
  assert.deepEqual((await self.replaced).sidecars, []);
});
