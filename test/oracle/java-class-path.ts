/** Class paths of the Java programs of tests. */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/weir/', import.meta.url));
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';

/** Where Maven keeps what it fetched. Named to it too: Java takes the home folder from the user's account, not from $HOME. */
const MAVEN_STORE = join(homedir(), '.m2', 'repository');

/**
 * The jars that a pom names one by one, kept in node_modules/.cache/weir/`name`. What Maven's store holds already is
 * copied from there: to start Maven for it costs five seconds of a core.
 */
export function fetchJars(name: string, pom: string): string[] {
  const jars = join(CACHE, name, 'jars');
  if (!existsSync(jars) || readdirSync(jars).length < wanted(pom)) {
    mkdirSync(jars, { recursive: true });
    if (!copyStored(pom, jars)) {
      const options = ['-q', '-B', `-Dmaven.repo.local=${MAVEN_STORE}`, '-f', pom, COPY];
      // Its colour codes stay out of the test's output; what it says in an error is in the message that is thrown.
      execFileSync('mvn', [...options, `-DoutputDirectory=${jars}`, '-DexcludeTransitive=true'], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
    }
  }
  return readdirSync(jars).map((jar) => join(jars, jar));
}

/** Copies the jars of a pom out of Maven's store; false, and nothing is copied, where it does not hold all of them. */
function copyStored(pom: string, folder: string): boolean {
  const stored = storedJars(readFileSync(pom, 'utf8'));
  if (stored.length < wanted(pom) || !stored.every((jar) => existsSync(jar))) return false;
  for (const jar of stored) {
    // Another test may be at it: a jar that is there is whole.
    const part = join(dirname(folder), `${basename(jar)}.${process.pid}`);
    copyFileSync(jar, part);
    renameSync(part, join(folder, basename(jar)));
  }
  return true;
}

/** Where Maven's store would hold the jars that a pom names by group, artifact and version alone. */
function storedJars(pom: string): string[] {
  const named =
    /<dependency>\s*<groupId>([^<$]+)<\/groupId>\s*<artifactId>([^<$]+)<\/artifactId>\s*<version>([^<$]+)<\/version>\s*<\/dependency>/g;
  return [...pom.matchAll(named)].map(([, group = '', artifact = '', version = '']) =>
    join(MAVEN_STORE, group.replaceAll('.', '/'), artifact, version, `${artifact}-${version}.jar`),
  );
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
    compile(folder, ['-cp', classPath, '-sourcepath', folders.join(':')], cache);
  }
  return classPath;
}

/**
 * Compiles all programs of a folder, of which other tests need the others. Another test may be at it, or run them: each
 * class comes into the cache as a whole, those that the programs use before the programs.
 */
function compile(folder: string, options: readonly string[], cache: string): void {
  const part = mkdtempSync(`${cache}.`);
  const programs = readdirSync(folder).filter((file) => file.endsWith('.java'));
  const files = programs.map((file) => join(folder, file));
  // The second compiler of the JVM costs more than it brings in a second.
  const argv = ['-J-XX:TieredStopAtLevel=1', '-XDsuppressNotes', ...options, '-d', part, ...files];
  execFileSync('javac', argv, { stdio: ['ignore', 'ignore', 'inherit'] });
  const isProgram = (file: string) => programs.includes(file.replace(/\.class$/, '.java'));
  const classes = readdirSync(part).sort((a, b) => Number(isProgram(a)) - Number(isProgram(b)));
  for (const file of classes) renameSync(join(part, file), join(cache, file));
  rmSync(part, { recursive: true });
}

/** Number of jars that a pom names. */
function wanted(pom: string): number {
  return readFileSync(pom, 'utf8').split('<dependency>').length - 1;
}
