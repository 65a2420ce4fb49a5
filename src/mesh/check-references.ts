/** The check that each application names a sidecar which can take its traffic. */
import type { AppConfig, SidecarConfig } from './mesh-config.ts';
import { nearestWord } from './nearest-word.ts';
import { quoteValue } from './yaml/field-value.ts';
import type { ProblemList } from './yaml/problem-list.ts';

/** Whether an app's `sidecar`, as it stands in the file, is one of `names`. */
export function checkSidecarName(app: string, sidecar: unknown, names: readonly string[], problems: ProblemList): void {
  if (typeof sidecar !== 'string' || sidecar === '' || names.includes(sidecar)) return;
  // Told even if the app has other mistakes: it is read from the raw entry.
  const near = nearestWord(sidecar, names);
  problems.atValue(['apps', app, 'sidecar'], {
    what: `there is no sidecar ${quoteValue(sidecar)}`,
    why: names.length === 0 ? 'the file has no sidecar' : `the sidecars are ${names.slice(0, 20).join(', ')}`,
    hint: near === null ? 'name one of them, or add it under sidecars' : `did you mean ${near}?`,
  });
}

/** Whether each app's sidecar has a port for each direction that the app uses. */
export function checkSidecarDirections(
  apps: Iterable<AppConfig>,
  sidecars: ReadonlyMap<string, SidecarConfig>,
  problems: ProblemList,
): void {
  for (const app of apps) {
    const sidecar = sidecars.get(app.sidecar);
    for (const direction of ['outbound', 'inbound'] as const) {
      if (sidecar === undefined || app[direction] === null || sidecar[direction] !== undefined) continue;
      // An outbound that the file leaves out means everything: then the app's own key is the place to show.
      problems.atKey(['apps', app.name, direction], {
        what: `sidecar ${sidecar.name} has no ${direction} port`,
        why: `${direction} connections of the app have to arrive somewhere`,
        hint: `add ${direction} to sidecars.${sidecar.name}, or write ${direction}: false here`,
      });
    }
  }
}
