/** A reporter for node's test runner: what the gate counts, as one JSON object. */
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';

/** One finished test. */
export interface FinishedTest {
  readonly name: string;
  /** Absolute path of the test file. */
  readonly file: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Wall-clock milliseconds. */
  readonly ms: number;
  /** Why it failed. */
  readonly error?: string;
}

/** Writes a JSON array of `FinishedTest`. A suite is no test of its own; a file is one only when it broke outside its tests. */
export default async function* countTests(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const tests: FinishedTest[] = [];
  for await (const { type, data } of events) {
    if ((type !== 'test:pass' && type !== 'test:fail') || data.details.type === 'suite') continue;
    const isSkipped = data.skip !== undefined || data.todo !== undefined;
    const outcome = isSkipped ? 'skipped' : type === 'test:pass' ? 'passed' : 'failed';
    const test = { name: data.name, file: data.file ?? '', outcome, ms: data.details.duration_ms } as const;
    tests.push(outcome === 'failed' && type === 'test:fail' ? { ...test, error: causeOf(data.details.error) } : test);
  }
  yield JSON.stringify(tests);
}

/** What the test threw; the runner's own error around it says nothing. */
function causeOf(error: Error): string {
  const { cause = error } = error;
  return cause instanceof Error && cause.stack !== undefined ? cause.stack : inspect(cause);
}
