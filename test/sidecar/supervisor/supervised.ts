/** Meshes and questions for tests of supervised applications. */
import { type AppStatus, reportStatus } from '../../../src/interception/report-status.ts';
import { type FakeHost, meshOf } from '../../fakes/fake-host.ts';
import { MESH } from '../../interception/cases.ts';

const MESH_WITH = (app: string) =>
  meshOf(`apiVersion: weir.dev/v1
sidecars:
  main: {user: 1337, outbound: 15001, inbound: 15006, admin: "unix:/run/weir/main/admin.sock"}
  other: {user: 1337, outbound: 15101, admin: "unix:/run/weir/other/admin.sock"}
apps:
  payment: {select: {user: 20001}, sidecar: main, ${app}}
  report: {select: {user: 20002}, sidecar: other}
`);

/** `payment` under a lease of three seconds; `report` through another sidecar. */
export const LEASED_MESH = MESH_WITH('lease: 3s');
/** `payment` is refused rather than sent direct, whatever its lease says. */
export const DENYING_MESH = MESH_WITH('onFailure: deny, lease: 3s');

/** One field of each application's status. */
export async function appStates(
  host: FakeHost,
  field: 'state' | 'reason' = 'state',
): Promise<Record<string, AppStatus[typeof field]>> {
  const { result } = await reportStatus(host, { config: MESH, apps: [] });
  return Object.fromEntries(result.apps.map((app) => [app.name, app[field]]));
}

/** What supervisors wrote into the event log, a line each. */
export function journalled(host: FakeHost): string[] {
  return host.journalled
    .filter(({ by }) => by.startsWith('supervisor of'))
    .map(({ app, from, to, reason }) => `${app} ${from} ${to}: ${reason}`);
}
