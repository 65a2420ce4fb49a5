/** Starts real Groovy for a test. */
import { join } from 'node:path';
import { findGroovyJar } from '../../../src/rules/adapters/oracle/groovy-jar.ts';
import { GroovyOracle } from '../../../src/rules/adapters/oracle/groovy-oracle.ts';
import { PROJECT_ROOT } from '../../run-weir.ts';

/**
 * Real Groovy for tests. A jar or Java that is missing fails the test that asks: a comparison with nothing must not pass.
 * `npm run setup -- --only groovy` fetches both.
 */
export function startTestOracle(deadlineMs = 20_000): Promise<GroovyOracle> {
  const source = join(PROJECT_ROOT, 'src/rules/adapters/oracle/GroovyOracle.java');
  return GroovyOracle.start({ jar: findGroovyJar(), source, deadlineMs });
}
