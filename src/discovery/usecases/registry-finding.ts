/** What `weir discovery lint` finds. */

/** One finding. `place` names a node of the registry, or an address. */
export interface RegistryFinding {
  readonly code: string;
  readonly place: string;
  readonly what: string;
  readonly repair: string;
}
