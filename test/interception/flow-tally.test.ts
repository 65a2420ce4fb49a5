/** The count of drained connections, beside histories of connections whose ends are known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlowTally } from '../../src/interception/flow-tally.ts';
import type { TrackedFlow } from '../../src/interception/ports.ts';
import { encodeMark } from '../../src/interception/rules/mark.ts';
import { randomStream } from '../seed.ts';

/** A connection by the times at which it was opened and ended. */
interface Life {
  readonly slot: number;
  readonly port: number;
  readonly from: number;
  readonly to: number;
  /** The kernel keeps an ended one for this long. */
  readonly gone: number;
}

function listing(lives: readonly Life[], at: number): TrackedFlow[] {
  return lives
    .filter(({ from, gone }) => from <= at && at < gone)
    .map(({ slot, port, to }) => ({
      mark: encodeMark({ slot, direction: 'outbound' }),
      state: at < to ? 'ESTABLISHED' : port % 2 === 0 ? 'TIME_WAIT' : 'CLOSE',
      source: { address: '10.77.0.1', port },
      originalDestination: { address: '10.77.0.2', port: 20880 },
      answeredBy: { address: '127.0.0.1', port: 15001 },
    }));
}

/** Times in milliseconds: the switch comes at 1000, ended connections stay for 10 s, listings are 200 ms apart. */
const SWITCH_AT = 1000;
const LAST_AT = 3000;

for (const seed of [1, 20, 300, 4000, 50_000, Number(process.env.WEIR_SEED ?? 7)]) {
  test(`what ended during a switch-off is counted, or not told (seed ${seed})`, () => {
    const next = randomStream(seed);
    const between = (low: number, high: number): number => Math.floor(low + next() * (high - low));
    for (let round = 0; round < 300; round += 1) {
      const lives = Array.from({ length: between(0, 12) }, (_, port): Life => {
        const from = between(0, SWITCH_AT);
        const to = between(from + 1, next() < 0.5 ? SWITCH_AT + 300 : 2 * LAST_AT);
        return { slot: between(1, 3), port, from, to, gone: to + 10_000 };
      });
      const firstAt = next() < 0.1 ? null : SWITCH_AT + between(-150, 150);
      const isBefore = firstAt !== null && firstAt <= SWITCH_AT;
      const tally = new FlowTally([1, 2], firstAt === null ? null : { flows: listing(lives, firstAt), isBefore });
      for (let at = SWITCH_AT + 200; at <= LAST_AT; at += 200) tally.note(listing(lives, at));
      for (const slot of [1, 2]) {
        const own = lives.filter((life) => life.slot === slot);
        const open = own.filter(({ to }) => to > LAST_AT).length;
        const ended = (since: number): number => own.filter(({ to }) => to > since && to <= LAST_AT).length;
        const said = tally.ended(slot, open);
        if (isBefore) assert.equal(said, ended(firstAt), 'the beginning was seen: the count is exact');
        else assert.ok(said === null || said === ended(SWITCH_AT), `${said}, not ${ended(SWITCH_AT)}`);
      }
    }
  });
}

test('what cannot be told is not told of one application because of another one', () => {
  const life = (slot: number, to: number): Life => ({ slot, port: slot, from: 0, to, gone: to + 10_000 });
  const tally = new FlowTally([1, 2], { flows: listing([life(1, 990), life(2, 1500)], 1010), isBefore: false });
  tally.note(listing([life(1, 990), life(2, 1500)], 1600));
  assert.deepEqual([tally.ended(1, 0), tally.ended(2, 0)], [null, 1]);
});
