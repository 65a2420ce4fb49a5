import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { $ } from 'zx';
import { aptInstall, canInstallPackages, isInstalled } from './packages.ts';

/** Version of Groovy that Dubbo's script router was used with for years; scripts are compared with what it does. */
const GROOVY_VERSION = '2.4.21';

/** Named to Maven too: Java takes the home folder from the user's account, not from $HOME. */
const MAVEN_STORE = join(homedir(), '.m2', 'repository');

/** A cold Maven store brings a plugin and its dependencies before the jar itself. */
const FETCH_DEADLINE = '300s';

/** Path of groovy-all: $GROOVY_JAR, else Maven's own store, where `installGroovy` puts it; undefined where neither has it. */
export function groovyJar(): string | undefined {
  const name = `groovy-all-${GROOVY_VERSION}.jar`;
  const inStore = join(MAVEN_STORE, 'org/codehaus/groovy/groovy-all', GROOVY_VERSION, name);
  return [process.env.GROOVY_JAR, inStore].find((path) => path !== undefined && path !== '' && existsSync(path));
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
  if (groovyJar() !== undefined) return [];
  const problem = await fetchGroovy();
  return problem === undefined ? [] : [`groovy-all ${GROOVY_VERSION}, ${needs}: ${problem}`];
}

async function fetchGroovy(): Promise<string | undefined> {
  const artifact = `org.codehaus.groovy:groovy-all:${GROOVY_VERSION}`;
  process.stdout.write(`fetching ${artifact}\n`);
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:get';
  const run = $({ quiet: true, nothrow: true, timeout: FETCH_DEADLINE });
  const done = await run`mvn -q -B ${goal} -Dmaven.repo.local=${MAVEN_STORE} -Dartifact=${artifact} -Dtransitive=false`;
  if (done.exitCode === 0 && groovyJar() !== undefined) return undefined;
  const words = `${done.stdout}\n${done.stderr}`.split('\n').find((line) => line.startsWith('[ERROR]'));
  return `Maven failed: ${words?.trim() ?? `exit code ${done.exitCode}, no jar in its store`}`;
}
