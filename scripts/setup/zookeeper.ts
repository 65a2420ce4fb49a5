/** Brings a real ZooKeeper for the tests of discovery: Debian's jars, no service. */
import { existsSync } from 'node:fs';
import { aptInstall, canInstallPackages } from './packages.ts';

const JAR = '/usr/share/java/zookeeper.jar';

/** Installs ZooKeeper unless it is there; resolves to one line if it stays missing. */
export async function installZooKeeper(): Promise<string[]> {
  if (existsSync(JAR)) return [];
  if (!(await canInstallPackages())) {
    return [
      `${JAR} (package zookeeper), needed for e2e tests of discovery; not installed because this is not root with apt-get`,
    ];
  }
  await aptInstall(['zookeeper']);
  return existsSync(JAR) ? [] : [`${JAR}, needed for e2e tests of discovery: the package zookeeper does not hold it`];
}
