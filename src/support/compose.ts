/** Composition of what weir says about itself. */
import { dirname, resolve } from 'node:path';
import { installedAs } from '../platform/process/programs.ts';
import { type SecretsKept, type SupportPlaces, secretsKept, supportItems } from './adapters/items.ts';
import { writeArchive } from './adapters/write-archive.ts';
import type { SupportItem } from './gather.ts';

/** In which form this weir is installed, and the file that users start. */
export function ownInstallation(): ReturnType<typeof installedAs> {
  return installedAs();
}

/** What `weir support` needs of this host. */
export interface SupportHost {
  items(): Promise<readonly SupportItem[]>;
  secrets(): Promise<SecretsKept>;
  /** Throws WEIR1002 when the file is there or cannot be written. */
  write(path: string, files: ReadonlyMap<string, string>): Promise<void>;
}

/** The host by the places of a command line. The folder of mesh.yaml is that of the configuration. */
export function openSupportHost(places: Omit<SupportPlaces, 'configDir'>): SupportHost {
  const all = { ...places, configDir: dirname(resolve(places.config)) };
  return { items: () => supportItems(all), secrets: () => secretsKept(all), write: writeArchive };
}
