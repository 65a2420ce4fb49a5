import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { $ } from 'zx';
import { aptInstall, canInstallPackages, isInstalled } from './packages.ts';

const MODULE = join(import.meta.dirname, '..', '..', 'sdk', 'dubbo');

/** The jar that goes on the class path of a Dubbo application; there once `buildDubboJar` has run. */
export const DUBBO_JAR = join(MODULE, 'target', 'weir-dubbo.jar');

/** Named to Maven too: Java takes the home folder from the user's account, not from $HOME. */
const MAVEN_STORE = join(homedir(), '.m2', 'repository');

const DEADLINE = '300s';

/** Builds the jar unless it is newer than its sources; resolves to one line if it stays missing. */
export async function buildDubboJar(): Promise<string[]> {
  if (await isFresh()) return [];
  const needs = 'needed for the SDK piece of Dubbo and its e2e tests';
  const absent = [];
  if (!(await isInstalled('javac'))) absent.push('default-jdk-headless');
  if (!(await isInstalled('mvn'))) absent.push('maven');
  if (absent.length > 0) {
    if (!(await canInstallPackages())) {
      return absent.map((name) => `package ${name}, ${needs}; not installed because this is not root with apt-get`);
    }
    await aptInstall(absent);
  }
  process.stdout.write('building weir-dubbo.jar\n');
  const run = $({ quiet: true, nothrow: true, timeout: DEADLINE });
  const goal = ['-q', '-B', '-f', join(MODULE, 'pom.xml'), `-Dmaven.repo.local=${MAVEN_STORE}`, 'package'];
  // Without the network first: what is in Maven's store already need not be asked for again.
  const offline = await run`mvn -o ${goal}`;
  const done = offline.exitCode === 0 ? offline : await run`mvn ${goal}`;
  if (done.exitCode === 0 && existsSync(DUBBO_JAR)) return [];
  const words = `${done.stdout}\n${done.stderr}`.split('\n').find((line) => line.includes('[ERROR]'));
  return [`weir-dubbo.jar, ${needs}: Maven failed: ${words?.trim() ?? `exit code ${done.exitCode}`}`];
}

async function isFresh(): Promise<boolean> {
  const built = await stat(DUBBO_JAR).catch(() => null);
  if (built === null) return false;
  const sources = await readdir(join(MODULE, 'src'), { recursive: true, withFileTypes: true });
  const files = sources.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const times = await Promise.all([join(MODULE, 'pom.xml'), ...files].map(async (path) => (await stat(path)).mtimeMs));
  return built.mtimeMs > Math.max(...times);
}
