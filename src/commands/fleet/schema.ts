/** The command `weir fleet schema`. */
import { Flags } from '@oclif/core';
import { type CommandOutcome, WeirCommand } from '../../cli/base-command.ts';
import { fleetCrds } from '../../fleet/model/crds.ts';
import { type FleetSchemas, fleetSchemas } from '../../fleet/model/json-schemas.ts';
import { manifestText } from '../../fleet/model/manifest-text.ts';

/** Prints the JSON Schemas of fleet objects, or the same as CustomResourceDefinitions. */
export default class FleetSchemaCommand extends WeirCommand<
  typeof FleetSchemaCommand,
  FleetSchemas | { readonly documents: readonly unknown[] }
> {
  static override summary = 'Print the JSON Schema of fleet objects for editors, or their CRDs for Kubernetes.';
  static override examples = [
    '<%= config.bin %> fleet schema > fleet.schema.json',
    '<%= config.bin %> fleet schema --crds | kubectl apply -f -',
  ];
  static override flags = {
    crds: Flags.boolean({
      summary: 'Print CustomResourceDefinitions as YAML; `weir operator install` has them too.',
    }),
  };

  protected override async execute(): Promise<
    CommandOutcome<FleetSchemas | { readonly documents: readonly unknown[] }>
  > {
    if (this.flags.crds) {
      const documents = fleetCrds();
      return { result: { documents }, text: () => manifestText(documents), isVerbatim: true };
    }
    const schemas = fleetSchemas();
    return { result: schemas, text: () => `${JSON.stringify(schemas, null, 2)}\n`, isVerbatim: true };
  }
}
