import { homedir } from 'node:os';
import { join } from 'node:path';
import { $ } from 'zx';
import { WeirError } from '../../src/errors/weir-error.ts';
import { findGroovyJar, GROOVY_VERSION } from '../../src/rules/adapters/oracle/groovy-jar.ts';
import { aptInstall, canInstallPackages, isInstalled } from './packages.ts';

/** Named to Maven too: Java takes the home folder from the user's account, not from $HOME. */
const MAVEN_STORE = join(homedir(), '.m2', 'repository');

/** A cold Maven store brings a plugin and its dependencies before the jar itself. */
const FETCH_DEADLINE = '300s';

// The one place that knows where the jar lies is the oracle's: what setup finds is what weir finds.
function missingJar(): string | undefined {
  try {
    findGroovyJar();
    return undefined;
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    return error.why;
  }
}

/** Fetches real Groovy and what runs it, unless they are there; resolves to one line for each that stays missing. */
export async function installGroovy(): Promise<string[]> {
  const needs = 'needed for e2e tests of routing rules';
  const absent = [];
  // A source file is run as it is: that takes the compiler of a JDK, where a JRE has java alone.
  if (!(await isInstalled('javac'))) absent.push('default-jdk-headless');
  if (!(await isInstalled('mvn'))) absent.push('maven');
  if (absent.length > 0) {
    if (!(await canInstallPackages())) {
      return absent.map((name) => `package ${name}, ${needs}; not installed because this is not root with apt-get`);
    }
    await aptInstall(absent);
  }
  const missing = missingJar();
  if (missing === undefined) return [];
  // A jar that the environment names is not fetched into Maven's store, where nobody would look for it.
  if ((process.env.GROOVY_JAR ?? '') !== '') return [`groovy-all ${GROOVY_VERSION}, ${needs}: ${missing}`];
  const problem = await fetchGroovy();
  return problem === undefined ? [] : [`groovy-all ${GROOVY_VERSION}, ${needs}: ${problem}`];
}

async function fetchGroovy(): Promise<string | undefined> {
  const artifact = `org.codehaus.groovy:groovy-all:${GROOVY_VERSION}`;
  process.stdout.write(`fetching ${artifact}\n`);
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:get';
  const run = $({ quiet: true, nothrow: true, timeout: FETCH_DEADLINE });
  const done = await run`mvn -q -B ${goal} -Dmaven.repo.local=${MAVEN_STORE} -Dartifact=${artifact} -Dtransitive=false`;
  const missing = missingJar();
  if (done.exitCode === 0 && missing === undefined) return undefined;
  const words = `${done.stdout}\n${done.stderr}`.split('\n').find((line) => line.startsWith('[ERROR]'));
  return `Maven failed: ${words?.trim() ?? `exit code ${done.exitCode}, ${missing ?? 'though the jar is there'}`}`;
}
