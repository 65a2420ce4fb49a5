import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Plugin } from '@oclif/core/config';

const root = dirname(import.meta.dirname);

/** The text of oclif.manifest.json for the commands in dist/, by oclif's own reader of commands. Needs a build. */
export async function buildManifest(): Promise<string> {
  const pjson = createRequire(import.meta.url)(`${root}/package.json`);
  const plugin = new Plugin({
    root,
    pjson,
    isRoot: true,
    type: 'core',
    ignoreManifest: true,
    respectNoCacheDefault: true,
    errorOnManifestCreate: true,
  } as ConstructorParameters<typeof Plugin>[0]);
  await plugin.load();
  // oclif lists commands in the order of the folder, which differs from one disk to the next.
  const commands = Object.entries(plugin.manifest.commands).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify({ ...plugin.manifest, commands: Object.fromEntries(commands) }, null, 2)}\n`;
}
