import { aptInstall, canInstallPackages, isInstalled } from './packages.ts';

/** Each is a package of Debian with the name of its program; skopeo and runc are for the tests. */
const TOOLS = ['mmdebstrap', 'umoci', 'skopeo', 'runc'] as const;

/** Installs what makes images; resolves to one line for each that is missing. */
export async function installImageTools(): Promise<string[]> {
  const absent: string[] = [];
  for (const tool of TOOLS) if (!(await isInstalled(tool))) absent.push(tool);
  if (absent.length === 0) return [];
  if (await canInstallPackages()) {
    await aptInstall(absent);
    return [];
  }
  return absent.map(
    (tool) => `package ${tool}, needed for images; not installed because this is not root with apt-get`,
  );
}
