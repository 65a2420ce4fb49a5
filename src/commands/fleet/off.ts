/** The command `weir fleet off`. */
import { FleetSwitchCommand, fleetSwitchArgs } from '../../fleet/text/fleet-switch-command.ts';

/** Let traffic of applications go direct, on many hosts. */
export default class FleetOffCommand extends FleetSwitchCommand<typeof FleetOffCommand> {
  static override summary = 'Let traffic of applications go direct, on many hosts.';
  static override description =
    'Writes MeshPolicy/switch-APP, which beats other policies. `off --all` is the red button: every application, every host, above everything. Without a store nothing is changed, and `weir off` and off.sh still work on each host.';
  static override strict = false;
  static override args = fleetSwitchArgs;
  static override examples = [
    '<%= config.bin %> fleet off payment --percent 10 --wait',
    '<%= config.bin %> fleet off --all --reason INC-1234',
  ];

  protected override readonly action = 'off';
}
