import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/weir/', import.meta.url));
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';

/**
 * The class path of a Java program of the tests: its jars, named one by one in `folder`/pom.xml, and the class compiled
 * from `folder`/`main`.java. Fetched by Maven and compiled on first use, then kept in node_modules/.cache/weir/`name`.
 * Needs java, javac and mvn; throws where one is missing.
 */
export function javaClassPath(name: string, folder: string, main: string): string {
  const cache = join(CACHE, name);
  const pom = join(folder, 'pom.xml');
  const jars = join(cache, 'jars');
  if (!existsSync(jars) || readdirSync(jars).length < 5) {
    mkdirSync(jars, { recursive: true });
    const options = ['-q', '-B', '-f', pom, COPY, `-DoutputDirectory=${jars}`, '-DexcludeTransitive=true'];
    // Its colour codes stay out of the test's output; what it says in an error is in the message that is thrown.
    execFileSync('mvn', options, { stdio: ['ignore', 'ignore', 'pipe'] });
  }
  const classPath = [cache, ...readdirSync(jars).map((jar) => join(jars, jar))].join(':');
  const [source, compiled] = [join(folder, `${main}.java`), join(cache, `${main}.class`)];
  if (!existsSync(compiled) || statSync(compiled).mtimeMs < statSync(source).mtimeMs) {
    execFileSync('javac', ['-cp', classPath, '-d', cache, source], { stdio: ['ignore', 'ignore', 'inherit'] });
  }
  return classPath;
}
