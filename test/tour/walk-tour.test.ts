/** The tour on a lab that keeps every promise, and on labs where one thing is wrong. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Paint } from '../../src/cli/paint.ts';
import { tourEndLine, tourStepLines } from '../../src/tour/text/tour-text.ts';
import { walkTour } from '../../src/tour/walk-tour.ts';
import { FakeTourLab, type TourFault } from '../fakes/fake-tour-lab.ts';

const same = (text: string) => text;
const PAINT: Paint = { good: same, caution: same, bad: (text) => `!${text}`, strong: same, faint: same };

async function walk(fault: TourFault | null = null, change: (lab: FakeTourLab) => void = () => {}) {
  const lab = new FakeTourLab(fault);
  change(lab);
  const watched: string[] = [];
  const tour = await walkTour(lab, lab.clock, new AbortController().signal, (index, _title, walked) => {
    watched.push(`${index} ${walked === null ? 'begins' : walked.ok}`);
  });
  return { lab, tour, watched, failed: tour.steps.flatMap(({ ok }, index) => (ok ? [] : [index + 1])) };
}

describe('the tour', () => {
  it('shows every step as promised, each begun and ended', async () => {
    const { tour, watched, failed } = await walk();
    assert.deepEqual(failed, []);
    assert.equal(tour.ok, true);
    assert.equal(tour.envoy, '1.40.0');
    assert.deepEqual(
      watched,
      tour.steps.flatMap((_, index) => [`${index} begins`, `${index} true`]),
    );
    assert.ok(tour.ms >= tour.steps.reduce((sum, { ms }) => sum + ms, 0));
  });

  it('runs the commands that it shows', async () => {
    const { lab, tour } = await walk();
    const shown = tour.steps
      .flatMap(({ commands }) => commands)
      .filter((command) => /^weir (?!sidecar run)/.test(command));
    for (const command of shown) assert.ok(lab.commands.includes(command), command);
    assert.ok(shown.includes('weir on payment --confirm 3s'));
    assert.ok(shown.includes('weir uninstall --existing cut'));
  });

  it('tells what was measured', async () => {
    const { tour } = await walk();
    const measured = tour.steps.flatMap((step) => step.measured);
    for (const line of [
      'payment: direct (1 ms)',
      'rules changed in 1.5 ms, proven by packets: IPv4 proxied, IPv6 proxied',
      "payment: through Envoy (1 ms); Envoy's access log has 1 new line",
      'status: payment on',
      '50 connections of payment during 12 swaps: 50 through Envoy, 0 leaked, 0 failed',
      'direct by itself 3.0 s after the command returned (asked for 3 s from the change)',
      'with Envoy dead: fails (refused)',
      'pricing.groovy: 2 rules decide calls, 2 proved, in 12 ms; the script was read, not run',
    ]) {
      assert.ok(measured.includes(line), `${line}\n${measured.join('\n')}`);
    }
  });

  const faults: readonly [TourFault, readonly number[]][] = [
    ['foreign diversion', [1, 3]],
    ['no access log', [2]],
    ['broken stream', [2, 4, 9]],
    ['leak under load', [5]],
    ['confirm never ends', [6]],
    ['panic fails', [7]],
    ['rules left over', [9]],
    ['unproven rule', [10]],
  ];
  for (const [fault, steps] of faults) {
    it(`is not as promised at ${steps.join(', ')} with this fault: ${fault}`, async () => {
      const { tour, failed } = await walk(fault);
      assert.deepEqual(failed, steps);
      assert.equal(tour.ok, false);
    });
  }

  it('promises nothing of a weir that refuses, and says its error', async () => {
    const { tour, failed } = await walk('weir refuses');
    assert.deepEqual(failed, [2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert.ok(tour.steps[1]?.measured.includes('failed: not as root'));
  });

  it('goes on after a step that throws, with the reason in its place', async () => {
    const { tour, failed } = await walk(null, (lab) => {
      lab.startLoad = async () => {
        throw new Error('no actor');
      };
    });
    assert.deepEqual(failed, [5]);
    assert.deepEqual(tour.steps[4]?.measured, ['the step broke off: no actor']);
  });

  it('ends at once when it is interrupted', async () => {
    const lab = new FakeTourLab();
    const interruption = new AbortController();
    const begun: number[] = [];
    const tour = walkTour(lab, lab.clock, interruption.signal, (index, _title, walked) => {
      if (walked === null) begun.push(index);
      if (index === 2) interruption.abort(new Error('Ctrl-C'));
    });
    await assert.rejects(tour, { message: 'Ctrl-C' });
    assert.deepEqual(begun, [0, 1, 2]);
  });
});

describe('the tour as lines', () => {
  it('has the verdict first, then commands and measurements', async () => {
    const { tour } = await walk();
    const [step] = tour.steps.slice(8);
    assert.ok(step !== undefined);
    const [head, command, ...measured] = tourStepLines(8, step, PAINT);
    assert.match(head ?? '', /^ok {3}9\. uninstall: the host is as it was \(.*\)$/);
    assert.equal(command, '       $ weir uninstall --existing cut');
    assert.deepEqual(
      measured,
      step.measured.map((line) => `         ${line}`),
    );
    assert.match(tourStepLines(0, { ...step, ok: false }, PAINT)[0] ?? '', /^!FAIL 1\. /);
  });

  it('ends with how many steps were as promised', async () => {
    const good = (await walk()).tour;
    assert.match(
      tourEndLine(good, PAINT),
      /^10 of 10 steps as promised in .*, with Envoy 1\.40\.0; the namespaces are gone/,
    );
    const bad = (await walk('leak under load')).tour;
    assert.match(tourEndLine(bad, PAINT), /^!9 of 10 steps as promised in /);
  });
});
