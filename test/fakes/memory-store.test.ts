/** The double of a store keeps the contract of the real one. */
import { test } from 'node:test';
import { STORE_CASES } from '../fleet/store-contract.ts';
import { FakeClock } from './fake-clock.ts';
import { MemoryStore } from './memory-store.ts';

for (const [name, run] of STORE_CASES) {
  test(`memory: ${name}`, async () => {
    const clock = new FakeClock();
    const store = new MemoryStore(clock);
    await run({ store: store.port, pass: (ms) => clock.pass(ms), compact: async () => store.compact() }, 'case');
  });
}
