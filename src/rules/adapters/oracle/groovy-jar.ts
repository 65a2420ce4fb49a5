/** The Groovy jar of the oracle: which version, and where it may lie. */
import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { WeirError } from '../../../errors/weir-error.ts';

/** Version of Groovy that Dubbo's script router was used with for years; scripts are compared with what it does. */
export const GROOVY_VERSION = '2.4.21';

/** Where the jar was looked for, and whether it is there. `unknown`: the place could not be looked at. */
export interface GroovyJar {
  readonly path: string;
  readonly state: 'found' | 'missing' | 'unknown';
  /** Why it is not `found`; null when it is. */
  readonly why: string | null;
}

/** Looks for groovy-all: $GROOVY_JAR, else Maven's own store. */
export function lookForGroovyJar(env: NodeJS.ProcessEnv = process.env): GroovyJar {
  const named = env.GROOVY_JAR ?? '';
  const name = `groovy-all-${GROOVY_VERSION}.jar`;
  const path =
    named === '' ? join(homedir(), '.m2/repository/org/codehaus/groovy/groovy-all', GROOVY_VERSION, name) : named;
  const place = `${path}${named === '' ? '' : ' (from $GROOVY_JAR)'}`;
  try {
    if (statSync(path).isFile()) return { path, state: 'found', why: null };
    return { path, state: 'missing', why: `${place} is no file` };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code';
    if (code === 'ENOENT' || code === 'ENOTDIR') return { path, state: 'missing', why: `${place} is not there` };
    return { path, state: 'unknown', why: `${place} cannot be looked at (${code})` };
  }
}

/** Path of groovy-all. @throws WeirError WEIR5029 where it is not found. */
export function findGroovyJar(env: NodeJS.ProcessEnv = process.env): string {
  const { path, why } = lookForGroovyJar(env);
  if (why === null) return path;
  throw new WeirError('WEIR5029', {
    what: `real Groovy ${GROOVY_VERSION} is not on this machine`,
    why,
    hint: `set GROOVY_JAR to groovy-all-${GROOVY_VERSION}.jar, or fetch it: mvn dependency:get -Dartifact=org.codehaus.groovy:groovy-all:${GROOVY_VERSION}`,
  });
}
