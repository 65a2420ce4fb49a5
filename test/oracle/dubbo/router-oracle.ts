/** Starts the condition, tag and script routers of a real Dubbo for a test. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RouterOracle } from '../../../src/rules/adapters/oracle/router-oracle.ts';
import type { RouterEngine } from '../../../src/rules/read/router-behaviour.ts';
import { PROJECT_ROOT } from '../../run-weir.ts';
import { fetchJars } from '../java-class-path.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));

const POMS: Readonly<Record<RouterEngine, { cache: string; pom: string }>> = {
  '2.7': { cache: 'routers-2.7.23', pom: join(HERE, 'routers-2.7', 'pom.xml') },
  '3.2': { cache: 'routers-3.2.16', pom: join(HERE, 'routers-3.2', 'pom.xml') },
  '3.3': { cache: 'routers-3.3.6', pom: join(HERE, 'pom.xml') },
};

/** Routers of one line of Dubbo. Their jars are fetched by Maven on first use. Needs java, javac and mvn. */
export function startRouterOracle(engine: RouterEngine): Promise<RouterOracle> {
  const { cache, pom } = POMS[engine];
  const sources = join(PROJECT_ROOT, 'src/rules/adapters/oracle');
  return RouterOracle.start({ engine, jars: fetchJars(cache, pom), sources });
}
