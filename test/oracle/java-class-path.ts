/** Class paths of the Java programs of tests. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/weir/', import.meta.url));
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';

/** The jars that a pom names one by one, fetched by Maven on first use and kept in node_modules/.cache/weir/`name`. */
export function fetchJars(name: string, pom: string): string[] {
  const jars = join(CACHE, name, 'jars');
  if (!existsSync(jars) || readdirSync(jars).length < wanted(pom)) {
    mkdirSync(jars, { recursive: true });
    const options = ['-q', '-B', '-f', pom, COPY, `-DoutputDirectory=${jars}`, '-DexcludeTransitive=true'];
    // Its colour codes stay out of the test's output; what it says in an error is in the message that is thrown.
    execFileSync('mvn', options, { stdio: ['ignore', 'ignore', 'pipe'] });
  }
  return readdirSync(jars).map((jar) => join(jars, jar));
}

/**
 * The class path of a Java program of the tests: its jars, named one by one in `pom` (`folder`/pom.xml), and the classes
 * `mains` with what they use, compiled from `folder` and `more`. Fetched by Maven and compiled on first use, then kept in
 * node_modules/.cache/weir/`name`. Needs java, javac and mvn; throws where one is missing.
 */
export function javaClassPath(
  name: string,
  folder: string,
  mains: readonly string[],
  more: readonly string[] = [],
): string {
  const cache = join(CACHE, name);
  const classPath = [cache, ...fetchJars(name, join(folder, 'pom.xml'))].join(':');
  const compiled = mains.map((main) => join(cache, `${main}.class`));
  const folders = [folder, ...more];
  const sources = folders.flatMap((place) =>
    readdirSync(place).flatMap((file) => (file.endsWith('.java') ? [join(place, file)] : [])),
  );
  const newest = Math.max(...sources.map((file) => statSync(file).mtimeMs));
  if (compiled.some((file) => !existsSync(file) || statSync(file).mtimeMs < newest)) {
    const files = mains.map((main) => join(folder, `${main}.java`));
    const options = ['-XDsuppressNotes', '-cp', classPath, '-sourcepath', folders.join(':'), '-d', cache, ...files];
    execFileSync('javac', options, { stdio: ['ignore', 'ignore', 'inherit'] });
  }
  return classPath;
}

/** Number of jars that a pom names. */
function wanted(pom: string): number {
  return readFileSync(pom, 'utf8').split('<dependency>').length - 1;
}
