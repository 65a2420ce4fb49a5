import { aptInstall, canInstallPackages, isInstalled } from './packages.ts';

/** Proxies that `bench:upgrade` puts beside Envoy, and the Debian package of each. Debian starts them as services. */
const NEIGHBOURS = [
  { tool: 'nginx', debianPackage: 'nginx-light' },
  { tool: 'haproxy', debianPackage: 'haproxy' },
] as const;

/** Installs what is missing where that is allowed; resolves to one line for each that is still missing. */
export async function installNeighbours(): Promise<string[]> {
  const absent: (typeof NEIGHBOURS)[number][] = [];
  for (const entry of NEIGHBOURS) if (!(await isInstalled(entry.tool))) absent.push(entry);
  if (absent.length === 0) return [];
  const missing = (why: string) =>
    absent.map(({ tool, debianPackage }) => `${tool} (package ${debianPackage}), compared by bench:upgrade: ${why}`);
  if (!(await canInstallPackages())) return missing('this is not root with apt-get');
  try {
    await aptInstall(absent.map(({ debianPackage }) => debianPackage));
    return [];
  } catch (error) {
    return missing(error instanceof Error ? error.message : String(error));
  }
}
