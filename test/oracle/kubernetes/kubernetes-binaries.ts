/** A kube-apiserver and OpenKruise's manager, built from their Go modules and kept. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { goBinary } from '../../../scripts/setup/go.ts';

const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/weir/', import.meta.url));
const KRUISE = 'github.com/openkruise/kruise@v1.8.0';

/** What is built, and OpenKruise's own manifests. */
export interface KubernetesBinaries {
  readonly apiserver: string;
  /** OpenKruise's manager; built when it is asked for first. */
  kruise(): string;
  /** The folder of OpenKruise's module. */
  readonly kruiseModule: string;
}

/** Builds what is missing: some ten minutes of two cores at the first use. Throws without a Go that can do it. */
export function kubernetesBinaries(): KubernetesBinaries {
  const go = goBinary();
  if (go === undefined) throw new Error('no Go that can build Kubernetes: run `npm run setup -- --only go`');
  mkdirSync(CACHE, { recursive: true });
  const { Dir: kruiseModule } = JSON.parse(
    execFileSync(go, ['mod', 'download', '-json', KRUISE], {
      encoding: 'utf8',
      cwd: CACHE,
      env: { ...process.env, GOFLAGS: '-mod=mod' },
    }),
  );
  const build = (name: string, cwd: string): string => {
    const binary = `${CACHE}${name}`;
    if (!existsSync(binary)) {
      const args = ['build', '-buildvcs=false', '-ldflags=-s -w', '-o', binary, '.'];
      execFileSync(go, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
    }
    return binary;
  };
  return {
    apiserver: build('kube-apiserver-1.36.3', fileURLToPath(new URL('apiserver/', import.meta.url))),
    kruise: () => build('kruise-manager-1.8.0', kruiseModule),
    kruiseModule,
  };
}
