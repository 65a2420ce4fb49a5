/** The commands of the packaged weir: one executable, in which oclif finds no files. */
import type { Command, Interfaces } from '@oclif/core';
import { Plugin } from '@oclif/core/config';

/** What oclif would read from files. */
export interface EmbeddedCommands {
  readonly pjson: Interfaces.PJSON;
  readonly manifest: Interfaces.Manifest;
  /** The class of a command; undefined: there is none of that id. */
  readonly load: (id: string) => Promise<Command.Class | undefined>;
}

/** The map of plugins that holds weir alone, with these commands. `root` is the folder of its shared files. */
export async function pluginOf(root: string, embedded: EmbeddedCommands): Promise<Map<string, Plugin>> {
  const plugin = new EmbeddedPlugin(root, embedded);
  await plugin.load();
  return new Map([[plugin.name, plugin]]);
}

class EmbeddedPlugin extends Plugin {
  readonly #embedded: EmbeddedCommands;

  constructor(root: string, embedded: EmbeddedCommands) {
    // Without a manifest in a file, and with no pattern of commands, oclif looks for none.
    const pjson = { ...embedded.pjson, oclif: { ...embedded.pjson.oclif, commands: undefined } };
    super({ root, pjson, isRoot: true, type: 'core', ignoreManifest: true } as unknown as Interfaces.Options);
    this.#embedded = embedded;
  }

  override async load(): Promise<void> {
    await super.load();
    this.manifest = this.#embedded.manifest;
    this.hasManifest = true;
    this.commandIDs = Object.keys(this.manifest.commands);
    this.commands = Object.entries(this.manifest.commands)
      .map(([id, command]) => ({
        ...command,
        load: async () => await this.findCommand(id, { must: true }),
        pluginAlias: this.alias,
        pluginType: this.type,
      }))
      .sort((a, b) => a.id.localeCompare(b.id));
  }

  override findCommand(id: string, options: { readonly must: true }): Promise<Command.Class>;
  override findCommand(id: string, options?: { readonly must: boolean }): Promise<Command.Class | undefined>;
  override async findCommand(id: string, options?: { readonly must: boolean }): Promise<Command.Class | undefined> {
    const found = await this.#embedded.load(id);
    if (found === undefined && options?.must === true) throw new Error(`command ${id} not found`);
    return found === undefined ? undefined : Object.assign(found, { id, plugin: this });
  }
}
