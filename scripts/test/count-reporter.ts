import type { TestEvent } from 'node:test/reporters';

/** How many tests of one file there were, passed, failed, were skipped. */
export interface FileCounts {
  tests: number;
  passed: number;
  failed: number;
  skipped: number;
}

/** A reporter for node's test runner that writes one JSON object: counts by the absolute path of the test file. */
export default async function* countTests(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const files: Record<string, FileCounts> = {};
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    // A suite or a file is no test of its own, unless the file itself broke.
    if (data.details.type === 'suite') continue;
    const counts = files[data.file ?? ''] ?? { tests: 0, passed: 0, failed: 0, skipped: 0 };
    files[data.file ?? ''] = counts;
    counts.tests += 1;
    if (data.skip !== undefined || data.todo !== undefined) counts.skipped += 1;
    else if (type === 'test:pass') counts.passed += 1;
    else counts.failed += 1;
  }
  yield JSON.stringify(files);
}
