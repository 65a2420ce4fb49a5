/** The command `weir sidecar unit`. */
import { resolve } from 'node:path';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { type ServiceUnit, serviceUnit } from '../../sidecar/cli/service-unit.ts';
import { SidecarCommand } from '../../sidecar/cli/sidecar-command.ts';
import { sidecarMesh, thisWeir } from '../../sidecar/compose.ts';
import { requireSupervisedSidecars } from '../../sidecar/usecases/supervised-sidecar.ts';

/** Prints a unit of systemd for the supervisors of this host. */
export default class SidecarUnitCommand extends SidecarCommand<typeof SidecarUnitCommand, ServiceUnit> {
  static override summary = 'Print a systemd unit that supervises all sidecars of mesh.yaml, or one.';
  static override description =
    'The unit has the paths of this weir and the folders of the global flags. Its reload replaces the supervisor by the weir that is installed then (`weir sidecar handoff`), and follows mesh.yaml.';
  static override args = { name: Args.string({ description: 'A sidecar of mesh.yaml; without it: all.' }) };
  static override flags = {
    template: Flags.boolean({ summary: 'A template unit: one supervisor for each instance, weir-sidecar@NAME.' }),
  };
  static override examples = [
    '<%= config.bin %> sidecar unit > /etc/systemd/system/weir-sidecars.service',
    '<%= config.bin %> sidecar unit --template > /etc/systemd/system/weir-sidecar@.service',
  ];

  protected override async execute(): Promise<CommandOutcome<ServiceUnit>> {
    const { name } = this.args;
    const { config, 'run-dir': runDir, 'state-dir': stateDir, template } = this.flags;
    const sidecars = await requireSupervisedSidecars(sidecarMesh(config), name === undefined ? null : [name]);
    const { program } = await thisWeir(this.config.version);
    const folders = { '--config': config, '--run-dir': runDir, '--state-dir': stateDir };
    const flags = Object.entries(folders).flatMap(([flag, path]) => [flag, resolve(path)]);
    if (this.netns !== '') flags.push('--netns', this.netns);
    const kind = template ? 'template' : 'all';
    const unit = serviceUnit({
      unit: name === undefined || template ? { kind } : { kind: 'one', name },
      weir: program,
      flags,
      drainMs: Math.max(...sidecars.map(({ spec }) => spec.drainMs)),
    });
    return { result: unit, text: () => unit.text, isVerbatim: true };
  }
}
