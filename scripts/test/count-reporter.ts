/** A reporter for node's test runner: what the gate counts, as one JSON object. */
import type { TestEvent } from 'node:test/reporters';

/** One finished test. */
export interface FinishedTest {
  readonly name: string;
  /** Absolute path of the test file. */
  readonly file: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Wall-clock milliseconds. */
  readonly ms: number;
}

/** Writes a JSON array of `FinishedTest`. A suite is no test of its own; a file is one only when it broke outside its tests. */
export default async function* countTests(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const tests: FinishedTest[] = [];
  for await (const { type, data } of events) {
    if ((type !== 'test:pass' && type !== 'test:fail') || data.details.type === 'suite') continue;
    const isSkipped = data.skip !== undefined || data.todo !== undefined;
    const outcome = isSkipped ? 'skipped' : type === 'test:pass' ? 'passed' : 'failed';
    tests.push({ name: data.name, file: data.file ?? '', outcome, ms: data.details.duration_ms });
  }
  yield JSON.stringify(tests);
}
