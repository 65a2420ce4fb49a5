/** New versions that are no good, under `upgrade --check --bake`, and what that costs the clients. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openToAll } from '../../../test/e2e/lab/open-to-all.ts';
import { OpenLoopClient } from '../../../test/e2e/sidecar/open-loop.ts';
import { NEW_ENVOY, SidecarLab } from '../../../test/e2e/sidecar/sidecar-lab.ts';
import { textTable } from './text-table.ts';

/** A version and how it is asked for. */
interface Candidate {
  readonly name: string;
  readonly flags: string;
  arrange(lab: SidecarLab): Promise<readonly string[]>;
}

const check = ({ port }: SidecarLab) => ['--check', `http://127.0.0.1:${port}/check`];

/** Its upstream listens nowhere: every answer is 503. */
async function broken(lab: SidecarLab): Promise<readonly string[]> {
  return ['--bootstrap', await lab.writeBootstrap('broken.json', { upstreamPort: lab.sparePort })];
}

async function crashing(lab: SidecarLab, afterS: number): Promise<readonly string[]> {
  const path = join(lab.folder, 'crashing');
  const script = `case " $* " in *" --restart-epoch "*) (sleep ${afterS}; kill -SEGV $$) & ;; esac`;
  await writeFile(path, `#!/bin/sh\n${script}\nexec ${openToAll(NEW_ENVOY, lab.folder)} "$@"\n`, { mode: 0o755 });
  return ['--binary', path];
}

/** Each request takes a megabyte and gives none back. */
async function leaking(lab: SidecarLab): Promise<readonly string[]> {
  const path = join(lab.folder, 'leaking.json');
  const content = JSON.parse(await readFile(join(lab.folder, 'first.json'), 'utf8'));
  const manager = content.static_resources.listeners[0].filter_chains[0].filters[0].typed_config;
  const inline_string =
    'kept = {}\nfunction envoy_on_request(handle)\n  kept[#kept + 1] = string.rep("x", 1048576) .. #kept\nend';
  manager.http_filters.unshift({
    name: 'lua',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua',
      default_source_code: { inline_string },
    },
  });
  await writeFile(path, JSON.stringify(content));
  return ['--bootstrap', path];
}

const CANDIDATES: readonly Candidate[] = [
  {
    name: 'sound',
    flags: '--check --bake 5s',
    arrange: async (lab) => ['--binary', NEW_ENVOY, ...check(lab), '--bake', '5s'],
  },
  {
    name: 'answers 503',
    flags: '--check',
    arrange: async (lab) => [...(await broken(lab)), ...check(lab)],
  },
  {
    name: 'answers 503',
    flags: '--bake 60s',
    arrange: async (lab) => [...(await broken(lab)), '--bake', '60s'],
  },
  {
    name: 'answers 503',
    flags: '',
    arrange: broken,
  },
  {
    name: 'crashes every 12 s',
    flags: '--check --bake 60s',
    arrange: async (lab) => [...(await crashing(lab, 12)), ...check(lab), '--bake', '60s'],
  },
  {
    name: 'crashes every 12 s',
    flags: '--check',
    arrange: async (lab) => [...(await crashing(lab, 12)), ...check(lab)],
  },
  {
    name: 'leaks 40 MB a second',
    flags: '--bake 60s --bake-memory 256MiB',
    arrange: async (lab) => [...(await leaking(lab)), '--bake', '60s', '--bake-memory', '256MiB'],
  },
];

/** Clients are watched for so long after the end of the upgrade, in milliseconds. */
const AFTER_MS = 14_000;

/**
 * 40 requests a second. `rows`: only versions whose names begin so. `bad for` is the time from the hand-over until the former version has new connections again; a
 * request is lost without a whole 200 answer.
 */
export async function printBadVersions(rows: readonly string[] | undefined): Promise<void> {
  const line = textTable([21, 31, 12, 5, 6, 8, 9, 5, 9]);
  line('new version', 'upgrade', 'outcome', 'exit', 's', 'bad for', 'requests', 'lost', 'serves');
  const isChosen = ({ name }: Candidate) => rows?.some((row) => name.startsWith(row)) ?? true;
  for (const one of CANDIDATES.filter(isChosen)) line(one.name, one.flags, ...(await tryOne(one)));
}

async function tryOne({ arrange }: Candidate): Promise<(string | number)[]> {
  const lab = await SidecarLab.open({ drain: '4s' });
  let client: OpenLoopClient | null = null;
  try {
    await lab.run();
    client = new OpenLoopClient({ port: lab.port, rate: 40, connections: 20, lengthsMs: [5, 5, 500] });
    await sleep(500);
    const began = performance.now();
    const { code, json } = await lab.upgrade(...(await arrange(lab)));
    const seconds = (performance.now() - began) / 1000;
    const report = json.result ?? json.error?.details ?? {};
    const states: { state: string; atMs: number }[] = report.states ?? [];
    const handover = states.find(({ state }) => state === 'HANDOVER')?.atMs;
    const isBack = report.outcome === 'rolled-back' && handover !== undefined;
    const back = states.findLast(({ state }) => state === 'DRAINING' || state === 'ROLLED-BACK')?.atMs ?? 0;
    await sleep(AFTER_MS);
    const { requests, lost } = await client.finish(lab.upstream);
    const bad = isBack ? `${((back - handover) / 1000).toFixed(1)} s` : handover === undefined ? 'never' : '-';
    return [
      report.outcome ?? json.error?.code,
      code ?? '-',
      seconds,
      bad,
      requests,
      lost,
      (await lab.status()).version,
    ];
  } finally {
    client?.stop();
    await lab.close();
  }
}
