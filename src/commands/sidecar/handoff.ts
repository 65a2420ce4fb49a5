/** The command `weir sidecar handoff`. */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { SidecarCommand } from '../../sidecar/cli/sidecar-command.ts';
import { thisWeir } from '../../sidecar/compose.ts';
import { type HandedOff, handOff } from '../../sidecar/usecases/hand-off.ts';

interface HandoffResult {
  readonly supervisors: readonly HandedOff[];
}

/** Replaces running supervisors by this weir. */
export default class SidecarHandoffCommand extends SidecarCommand<typeof SidecarHandoffCommand, HandoffResult> {
  static override summary = 'Replace running supervisors by this weir, without touching Envoy.';
  static override description =
    'Run it with the weir that shall go on, another version or another path. That weir first tries its start (`weir sidecar run --dry-run`); then the process of the supervisor becomes it, with the same number, flags and output, and adopts the Envoys. A weir that cannot adopt them gives them back to the former one. A supervisor of this very build is left alone.';
  static override args = {
    name: Args.string({ description: 'A sidecar of mesh.yaml; without it every supervisor is replaced.' }),
  };
  static override flags = { force: Flags.boolean({ summary: 'Also when the supervisor is of this very build.' }) };
  static override examples = ['<%= config.bin %> sidecar handoff', '<%= config.bin %> sidecar handoff main'];

  protected override async execute(): Promise<CommandOutcome<HandoffResult>> {
    const other = await thisWeir(this.config.version);
    const warn = (text: string) => void this.warn(text);
    const how = { warn, force: this.flags.force, signal: this.signal };
    const supervisors = await handOff(this.ports, this.args.name ?? null, other, how);
    return { result: { supervisors }, text: () => supervisors.map(line).join('\n') };
  }
}

function line({ sidecars, outcome, pid, from, to, ms }: HandedOff): string {
  const names = sidecars.join(', ');
  if (outcome === 'unchanged') return `${names}: process ${pid} is of this build already, weir ${to.version}`;
  const was = from.version === to.version ? from.entry : `${from.version}, ${from.entry}`;
  return `${names}: supervised by weir ${to.version} (${to.entry}) in process ${pid}, after ${(ms / 1000).toFixed(1)} s; it was ${was}`;
}
