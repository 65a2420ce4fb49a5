import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { WeirError } from '../../errors/weir-error.ts';

/** Version of Groovy that Dubbo's script router was used with for years; scripts are compared with what it does. */
export const GROOVY_VERSION = '2.4.21';

/** Path of groovy-all: $GROOVY_JAR, else Maven's own store. @throws WeirError WEIR5029 where neither has it. */
export function findGroovyJar(env: NodeJS.ProcessEnv = process.env): string {
  const name = `groovy-all-${GROOVY_VERSION}.jar`;
  const inStore = join(homedir(), '.m2/repository/org/codehaus/groovy/groovy-all', GROOVY_VERSION, name);
  const named = env.GROOVY_JAR ?? '';
  const path = named === '' ? inStore : named;
  if (existsSync(path)) return path;
  throw new WeirError('WEIR5029', {
    what: `real Groovy ${GROOVY_VERSION} is not on this machine`,
    why: `${path} is not there${named === '' ? '' : ' (from $GROOVY_JAR)'}`,
    hint: `set GROOVY_JAR to ${name}, or fetch it: mvn dependency:get -Dartifact=org.codehaus.groovy:groovy-all:${GROOVY_VERSION}`,
  });
}
