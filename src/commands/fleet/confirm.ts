/** The command `weir fleet confirm`. */
import type { CommandOutcome } from '../../cli/base-command.ts';
import { FleetCommand, reasonFlag } from '../../fleet/text/fleet-command.ts';
import { type ConfirmedRegion, confirmStores } from '../../fleet/usecases/confirm-store.ts';

type Result = { readonly regions: readonly ConfirmedRegion[] };

/** Tells hosts that hold a store that it is the right one. */
export default class FleetConfirmCommand extends FleetCommand<typeof FleetConfirmCommand, Result> {
  static override summary = 'Tell hosts that hold the store of a region that it is the right one.';
  static override description =
    'A host holds a store that is another one, older, or lost more than a fifth of its objects: it goes on by what it remembers, and follows only an `off` that is newer than the hold.';
  static override flags = { reason: reasonFlag };
  static override examples = ['<%= config.bin %> fleet confirm --region east --reason "restored on purpose"'];

  protected override async execute(): Promise<CommandOutcome<Result>> {
    const request = { regions: this.regions, reason: this.flags.reason ?? null };
    const { result, isWhole } = await confirmStores(await this.fleet(), request);
    const text = () =>
      result.regions
        .map(({ name, clusterId, revision, error }) =>
          error === null ? `${name}: store ${clusterId} at revision ${revision} is accepted` : `${name}: ${error}`,
        )
        .join('\n');
    return { result, exit: isWhole ? 0 : 1, text };
  }
}
