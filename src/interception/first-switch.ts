/** A switch that was made before the command itself began. */

/** The applications that were sent direct from memory, and the milliseconds that the firewall tools took. */
export interface FirstSwitch {
  readonly names: readonly string[];
  readonly ms: number;
}
