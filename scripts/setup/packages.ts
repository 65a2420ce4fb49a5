import { $, which } from 'zx';

/** The tools that tests and tour call, the Debian package that holds each, and what cannot run without it. */
const TOOLS = [
  { tool: 'iptables', debianPackage: 'iptables', needs: 'e2e tests of interception, the tour' },
  { tool: 'nft', debianPackage: 'nftables', needs: 'e2e tests of interception, the tour' },
  { tool: 'conntrack', debianPackage: 'conntrack', needs: 'e2e tests of off and drain, the tour' },
  { tool: 'ip', debianPackage: 'iproute2', needs: 'all e2e tests, the tour' },
  { tool: 'ps', debianPackage: 'procps', needs: 'e2e tests of sidecars' },
  { tool: 'nsenter', debianPackage: 'util-linux', needs: 'all e2e tests, the tour' },
] as const;

/** The same for what only tests call. */
const TEST_TOOLS = [
  { tool: 'zsh', debianPackage: 'zsh', needs: 'tests of completion' },
  { tool: 'curl', debianPackage: 'curl', needs: 'e2e tests of Triple' },
  { tool: 'systemd-analyze', debianPackage: 'systemd', needs: 'e2e tests of the units' },
  { tool: 'systemd-notify', debianPackage: 'systemd', needs: 'e2e tests of the units' },
] as const;

/** Whether this process may install Debian packages. */
export async function canInstallPackages(): Promise<boolean> {
  return process.getuid?.() === 0 && (await isInstalled('apt-get'));
}

/** Whether a program is found, in PATH or in the folders of system tools. */
export async function isInstalled(tool: string): Promise<boolean> {
  const path = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;
  return (await which(tool, { nothrow: true, path })) !== null;
}

/** Installs the missing system tools; resolves to one line for each that is still missing afterwards. */
export async function installPackages(): Promise<string[]> {
  return await installTools(TOOLS);
}

/** The same for what only tests call. */
export async function installTestTools(): Promise<string[]> {
  return await installTools(TEST_TOOLS);
}

async function installTools(
  tools: readonly ((typeof TOOLS)[number] | (typeof TEST_TOOLS)[number])[],
): Promise<string[]> {
  const absent = [];
  for (const entry of tools) if (!(await isInstalled(entry.tool))) absent.push(entry);
  if (absent.length === 0) return [];
  const names = [...new Set(absent.map(({ debianPackage }) => debianPackage))];
  if (await canInstallPackages()) {
    await aptInstall(names);
    return [];
  }
  return absent.map(({ tool, debianPackage, needs }) => {
    return `${tool} (package ${debianPackage}), needed for ${needs}; not installed because this is not root with apt-get`;
  });
}

/** Installs Debian packages without questions. Throws with apt's own words when it fails. */
export async function aptInstall(names: readonly string[]): Promise<void> {
  process.stdout.write(`installing ${names.join(' ')}\n`);
  const quiet = $({ quiet: true, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  await quiet`apt-get update -qq`;
  await quiet`apt-get install -y -qq --no-install-recommends ${names}`;
}
