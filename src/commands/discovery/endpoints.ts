/** The command `weir discovery endpoints`. */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { CommandOutcome, StreamOutcome } from '../../cli/base-command.ts';
import type { Paint } from '../../cli/paint.ts';
import { DiscoveryCommand } from '../../discovery/text/discovery-command.ts';
import { endpointsText } from '../../discovery/text/endpoints-text.ts';
import { followEndpoints } from '../../discovery/usecases/follow-endpoints.ts';
import { type ListedEndpoint, listEndpoints } from '../../discovery/usecases/list-endpoints.ts';

/** Lists endpoints from the registries themselves. */
export default class EndpointsCommand extends DiscoveryCommand<
  typeof EndpointsCommand,
  { readonly endpoints: readonly ListedEndpoint[] }
> {
  static override summary = 'List the endpoints that the registries hold of an application or interface.';
  static override description =
    'Reads the registries once, in both layouts, merged by address. Without a name: all that the applications of mesh.yaml consume.';
  static override args = { name: Args.string({ description: 'An application or an interface.' }) };
  static override flags = {
    layout: Flags.option({
      options: ['application', 'interface', 'both'] as const,
      default: 'both' as const,
      summary: 'Only endpoints that are registered in this layout.',
    })(),
    watch: Flags.boolean({
      summary: 'Go on until Ctrl-C: the list again at every change, one document a line with --json.',
    }),
  };
  static override examples = [
    '<%= config.bin %> discovery endpoints payment',
    '<%= config.bin %> discovery endpoints shop.OrderService --layout interface',
  ];

  protected override async execute(): Promise<
    CommandOutcome<{ readonly endpoints: readonly ListedEndpoint[] }> | StreamOutcome
  > {
    const mesh = await this.mesh();
    const query = { name: this.args.name ?? null, layout: this.flags.layout };
    const outcome = (endpoints: readonly ListedEndpoint[]) => ({
      result: { endpoints },
      text: (paint: Paint) => endpointsText(endpoints, paint),
    });
    if (!this.flags.watch) return outcome(await listEndpoints(mesh, query, this.registries));
    await followEndpoints(mesh, query, {
      reader: this.registries,
      clock: this.clock,
      signal: this.signal,
      show: (endpoints) => this.emit(outcome(endpoints)),
      warn: (text) => this.warn(text),
    });
    return { streamed: true };
  }
}
