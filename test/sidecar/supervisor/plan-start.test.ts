/** What a supervisor would do first, told without doing it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { planStart, planStarts, type StartPlan } from '../../../src/sidecar/supervisor/plan-start.ts';
import { SupervisorStage } from './supervisor-stage.ts';

async function planOf({ host, spec }: SupervisorStage) {
  const warnings: string[] = [];
  const plan = await planStart(
    host,
    spec,
    async () => null,
    (text) => warnings.push(text),
  );
  return { ...plan, warnings };
}

describe('the plan of a start', () => {
  it('names what mesh.yaml names when nothing has settled', async () => {
    const { plan, version, text } = await planOf(new SupervisorStage());
    assert.deepEqual([plan, version], ['start', '1.39.3']);
    assert.match(text, /would start \/opt\/envoy\/1\.39\.3, which mesh\.yaml names/);
  });

  it('adopts what runs, and starts what has settled although mesh.yaml names what is not there', async () => {
    const stage = await SupervisorStage.live();
    const running = await planOf(stage);
    assert.deepEqual([running.plan, running.pid], ['adopt', stage.serving?.launch.pid]);
    stage.spec = { ...stage.spec, binary: '/none' };
    stage.die();
    for (const { launch } of stage.host.envoys.living) await stage.host.signal(launch.generation.id, 'SIGKILL');
    const down = await planOf(stage);
    assert.deepEqual([down.plan, down.version], ['start', '1.39.3']);
    assert.match(down.text, /the settled pair/);
  });

  it('and the start itself take what mesh.yaml names when the store has lost what has settled', async () => {
    const stage = new SupervisorStage();
    await stage.host.pairs.settle('lost', null);
    assert.match((await planOf(stage)).text, /which mesh\.yaml names/);
    await stage.start();
    await stage.untilState('idle');
    assert.equal(stage.serving?.version, '1.39.3');
  });

  it('is none when somebody listens where it would, or when its files are missing', async () => {
    const stage = new SupervisorStage();
    stage.host.foreign = ['127.0.0.1:15001: nginx'];
    await assert.rejects(planOf(stage), { code: 'WEIR4014', why: /nginx/ });
    stage.host.foreign = [];
    stage.spec = { ...stage.spec, binary: '/none' };
    await assert.rejects(planOf(stage), { code: 'WEIR4003' });
  });

  it('says what is in the journal and cannot be read', async () => {
    const stage = new SupervisorStage();
    stage.host.newerEntries = 3;
    assert.match((await planOf(stage)).warnings.join(), /3 entries .* newer weir/);
  });
});

describe('the plans of several sidecars', () => {
  const { spec } = new SupervisorStage();
  const specs = ['a', 'b'].map((name) => ({ ...spec, name }));
  const plan: StartPlan = { event: 'plan', text: 'x', plan: 'start', pid: null, version: null };
  const planBut =
    (...broken: readonly string[]) =>
    async ({ name }: { readonly name: string }) => {
      if (broken.includes(name)) throw new Error(`${name} is broken`);
      return plan;
    };

  it('leave one that cannot be started to be tried again', async () => {
    const plans = await planStarts(specs, planBut('a'));
    assert.deepEqual(
      plans.map(({ sidecar, plan }) => [sidecar, plan]),
      [
        ['a', 'retry'],
        ['b', 'start'],
      ],
    );
    assert.match(plans[0]?.text ?? '', /a is broken/);
  });

  it('are an error when none could be started', async () => {
    await assert.rejects(planStarts(specs, planBut('a', 'b')), { message: 'a is broken' });
  });
});
