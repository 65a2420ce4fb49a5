/** The command `weir fleet on`. */
import { FleetSwitchCommand, fleetSwitchArgs } from '../../fleet/text/fleet-switch-command.ts';

/** Send traffic of applications through their sidecars, on many hosts. */
export default class FleetOnCommand extends FleetSwitchCommand<typeof FleetOnCommand> {
  static override summary = 'Send traffic of applications through their sidecars, on many hosts.';
  static override description =
    'Writes MeshPolicy/switch-APP, which beats other policies; hosts carry it out as they see it, unless somebody switched the application off there. `on --all` releases the red button and switches on nothing that no policy wants.';
  static override strict = false;
  static override args = fleetSwitchArgs;
  static override examples = [
    '<%= config.bin %> fleet on payment --percent 10 --wait',
    '<%= config.bin %> fleet on --all --reason INC-1234',
  ];

  protected override readonly action = 'on';
}
