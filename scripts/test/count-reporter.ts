import type { TestEvent } from 'node:test/reporters';

/** A reporter for node's test runner that writes one JSON object: how many tests there were, passed, failed, were skipped. */
export default async function* countTests(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const counts = { tests: 0, passed: 0, failed: 0, skipped: 0 };
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    // A suite or a file is no test of its own, unless the file itself broke.
    if (data.details.type === 'suite') continue;
    counts.tests += 1;
    if (data.skip !== undefined || data.todo !== undefined) counts.skipped += 1;
    else if (type === 'test:pass') counts.passed += 1;
    else counts.failed += 1;
  }
  yield JSON.stringify(counts);
}
