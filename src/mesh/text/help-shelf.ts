/** What `weir help` says about mesh.yaml. */
import type { HelpShelf } from '../../cli/help-topics.ts';

/** The topic `mesh-yaml`. */
export const meshTopics: HelpShelf = {
  names: ['mesh-yaml'],
  async find(name) {
    if (name !== 'mesh-yaml') return undefined;
    // The text is made from the schema of mesh.yaml: the other topics must not wait for the schema's library.
    const { meshYamlHelp } = await import('./mesh-yaml-help.ts');
    return { name, text: meshYamlHelp() };
  },
};
