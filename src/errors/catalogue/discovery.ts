/** The error codes of discovery. */
import type { CatalogueEntry } from './entry.ts';

/** WEIR60xx. */
export const DISCOVERY_ERRORS = {
  WEIR6001: {
    title: 'mesh.yaml has no discovery',
    exit: 2,
    kind: 'user',
    explain:
      'The commands of discovery need `registries`, `discovery` and what an application `consumes` in mesh.yaml. `weir help mesh-yaml` explains the keys. Nothing was done.',
  },
  WEIR6002: {
    title: 'a registry could not be read',
    exit: 3,
    kind: 'host',
    explain:
      'The registry did not answer, refused the session, or ended it before all was read. weir concludes nothing about its instances from that: an empty answer would look like an application without providers.',
  },
  WEIR6003: {
    title: 'no sidecar to export for',
    exit: 2,
    kind: 'user',
    explain:
      'An export is for one sidecar with an outbound port. It is named by --sidecar where mesh.yaml has several whose applications consume something. Nothing was written.',
  },
  WEIR6004: {
    title: 'the file with user and password of a registry cannot be used',
    exit: 2,
    kind: 'user',
    explain:
      'The file that `auth` of a registry names has `user:password` in its first line. weir reads nothing else of it. Nothing was done.',
  },
  WEIR6005: {
    title: 'the resources of Envoy were not written',
    exit: 3,
    kind: 'host',
    explain: 'The folder of --out could not be made or written. A file that was there before is as it was.',
  },
  WEIR6006: {
    title: 'no discovery agent runs',
    exit: 3,
    kind: 'host',
    explain:
      'Status, routes and confirm are answered by the agent, `weir discovery run`, which does not run or does not answer. Envoys that run keep the endpoints that they have. Nothing was changed; an agent that hangs may still do what it was asked when it goes on.',
  },
  WEIR6007: {
    title: 'another discovery agent runs',
    exit: 3,
    kind: 'host',
    explain: 'A host, or a run directory, has one agent. The one that runs goes on; nothing was changed.',
  },
  WEIR6008: {
    title: 'the socket of the discovery agent cannot be served',
    exit: 3,
    kind: 'host',
    explain:
      'The folder of `discovery.socket` could not be made or written, or the socket could not be given to the account of the sidecar. Envoys that run keep the endpoints that they have.',
  },
  WEIR6009: {
    title: 'the name is not one that discovery knows',
    exit: 2,
    kind: 'user',
    explain:
      'A consumer is an application of mesh.yaml that has `consumes`; an application to confirm is one that such a consumer calls. Nothing was changed.',
  },
  WEIR6010: {
    title: 'the discovery agent has nothing for the sidecar',
    exit: 2,
    kind: 'user',
    explain:
      'A bootstrap with --discovery takes its outbound listener from the agent. That needs `discovery` in mesh.yaml, an outbound port of the sidecar, and an application of it that has `consumes`. Nothing was written.',
  },
  WEIR6021: {
    title: 'a folder of rules cannot be read',
    exit: 2,
    kind: 'user',
    explain:
      'The folder that `rules` of an application names is the one that `weir rules convert --target envoy --out` wrote. A single file in it that is damaged is a warning; the calls of its script keep the address that consumers picked.',
  },
} as const satisfies Record<`WEIR60${number}`, CatalogueEntry>;
