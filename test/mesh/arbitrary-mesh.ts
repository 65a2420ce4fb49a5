/** Generator of mesh.yaml files with their meaning. */
import fc from 'fast-check';
import { stringify } from 'yaml';

/** A port as number, a port as text, or a range. */
type WrittenPort = number | string;

/** One way to write a config, and the meaning that the parser has to find in it (without positions). */
export interface WrittenMesh {
  readonly yaml: string;
  readonly meaning: { readonly sidecars: readonly unknown[]; readonly apps: readonly unknown[] };
}

/** Written forms of networks that lie apart from each other and cannot be joined, by their canonical form. */
const NETWORKS: Readonly<Record<string, readonly string[]>> = {
  '10.0.0.0/8': ['10.0.0.0/8', '10.9.8.7/8', '::ffff:10.0.0.0/104'],
  '172.16.0.0/12': ['172.31.255.255/12', '172.16.0.0/12'],
  '192.0.2.7/32': ['192.0.2.7', '192.0.2.7/32', '::ffff:c000:207'],
  '2001:db8::/32': ['2001:db8::/32', '2001:0DB8:1::/32'],
  'fd00::/8': ['fd00::/8', 'FD12:3456::1/8'],
};

const NAMES = ['main', 'edge', 'a', 'Z9', '7', '10', 'x.y-z_1', 'payment', 'n'.repeat(63)];

/** Positions of ports within a block of a thousand, as ranges that do not touch. */
const ranges = fc
  .uniqueArray(fc.integer({ min: 0, max: 90 }), { minLength: 1, maxLength: 4 })
  .map((starts) =>
    starts
      .toSorted((a, b) => a - b)
      .map((start, index) => ({ from: start * 10 + 1, to: start * 10 + 1 + (index % 3) * 4 })),
  );

function writePorts(block: number, list: readonly { from: number; to: number }[], split: boolean) {
  const meaning = list.map(({ from, to }) => ({ from: block + from, to: block + to }));
  const written = meaning.flatMap(({ from, to }): WrittenPort[] => {
    if (from === to) return split ? [from, String(from)] : [from];
    return split ? [`${from + 1}-${to}`, from] : [`${from}-${to}`];
  });
  return { meaning, written: split ? written.toReversed() : written };
}

const networks = fc.subarray(Object.entries(NETWORKS), { minLength: 1 }).chain((entries) =>
  fc.record({
    meaning: fc.constant(entries.map(([text]) => ({ family: text.includes(':') ? 6 : 4, text }))),
    written: fc.tuple(...entries.map(([, forms]) => fc.constantFrom(...forms))).map((forms) => forms.toReversed()),
  }),
);

const NOTHING = { ports: [], cidrs: [] };

const scope = (block: number) =>
  fc
    .record({
      ports: fc.option(fc.tuple(ranges, fc.boolean()), { nil: undefined }),
      cidrs: fc.option(networks, { nil: undefined }),
      exclude: fc.option(
        fc.record({ ports: fc.option(ranges, { nil: undefined }), cidrs: fc.option(networks, { nil: undefined }) }),
        {
          nil: undefined,
        },
      ),
    })
    .map(({ ports, cidrs, exclude }) => {
      const included = ports && writePorts(block, ...ports);
      // Excluded ports lie elsewhere, so that nothing is excluded as a whole.
      const excluded = exclude?.ports && writePorts(60_000, exclude.ports, false);
      return {
        written: {
          ...(included && { ports: included.written }),
          ...(cidrs && { cidrs: cidrs.written }),
          ...(exclude && {
            exclude: {
              ...(excluded && { ports: excluded.written }),
              ...(exclude.cidrs && { cidrs: exclude.cidrs.written }),
            },
          }),
        },
        meaning: {
          ports: included?.meaning ?? [],
          cidrs: cidrs?.meaning ?? [],
          exclude: exclude ? { ports: excluded?.meaning ?? [], cidrs: exclude.cidrs?.meaning ?? [] } : NOTHING,
        },
      };
    });

const account = (id: number) =>
  fc.constantFrom<{ written: unknown; meaning: unknown }>(
    { written: id, meaning: { kind: 'id', id } },
    { written: String(id), meaning: { kind: 'id', id } },
    { written: `user-${id}`, meaning: { kind: 'name', name: `user-${id}` } },
  );

const sidecar = (name: string, index: number) =>
  fc
    .record({
      user: account(900 + index),
      admin: fc.boolean(),
      mode: fc.option(fc.constantFrom('redirect', 'tproxy'), { nil: undefined }),
      ready: fc.option(fc.constantFrom('/ready', '/healthz?full'), { nil: undefined }),
      process: fc.option(
        fc.record({ concurrency: fc.integer({ min: 1, max: 64 }), drain: fc.constantFrom('15s', '500ms', '1m') }),
        { nil: undefined },
      ),
    })
    .map(({ user, admin, mode, ready, process }) => {
      const port = 15_000 + index * 10;
      const drains: Record<string, number> = { '15s': 15_000, '500ms': 500, '1m': 60_000 };
      const paths = { binary: '/usr/bin/envoy', bootstrap: `/etc/${index}.yaml` };
      return {
        name,
        written: {
          user: user.written,
          outbound: port + 1,
          inbound: String(port + 6),
          admin: admin ? `unix:/run/${index}.sock` : `http://127.0.0.1:${port}`,
          ...(mode && { mode }),
          ...(ready && { ready }),
          ...(process && { ...paths, ...process }),
        },
        meaning: {
          name,
          user: user.meaning,
          outbound: port + 1,
          inbound: port + 6,
          admin: admin ? { kind: 'unix', path: `/run/${index}.sock` } : { kind: 'http', host: '127.0.0.1', port },
          mode: mode ?? 'redirect',
          readyPath: ready ?? '/ready',
          ...(process && { process: { ...paths, concurrency: process.concurrency, drainMs: drains[process.drain] } }),
        },
      };
    });

const selector = (index: number) =>
  fc.oneof(
    account(1_000 + index).map(({ written, meaning }) => ({
      written: { user: written },
      meaning: { kind: 'users', users: [meaning] },
    })),
    fc.tuple(account(2_000 + index), account(3_000 + index)).map(([one, two]) => ({
      written: { users: [one.written, two.written] },
      meaning: { kind: 'users', users: [one.meaning, two.meaning] },
    })),
    account(4_000 + index).map(({ written, meaning }) => ({
      written: { group: written },
      meaning: { kind: 'group', group: meaning },
    })),
    fc.constant({ written: { slice: `s${index}.slice` }, meaning: { kind: 'slice', slice: `s${index}.slice` } }),
  );

const app = (name: string, index: number, sidecars: readonly string[]) =>
  fc
    .record({
      select: selector(index),
      sidecar: fc.constantFrom(...sidecars),
      outbound: fc.option(scope(40_000), { nil: undefined }),
      // An inbound port belongs to one app: each gets a block of its own.
      inbound: fc.option(fc.tuple(ranges, fc.boolean()), { nil: undefined }),
      onFailure: fc.constantFrom('direct', 'deny', undefined),
      lease: fc.constantFrom('3s', '500ms', undefined),
    })
    .map(({ select, sidecar: through, outbound, inbound, onFailure, lease }) => {
      const ports = inbound && writePorts(20_000 + index * 1_000, ...inbound);
      return {
        name,
        written: {
          select: select.written,
          sidecar: through,
          ...(outbound && { outbound: outbound.written }),
          ...(ports && { inbound: { ports: ports.written } }),
          ...(onFailure && { onFailure }),
          ...(lease && { lease }),
        },
        meaning: {
          name,
          select: select.meaning,
          sidecar: through,
          outbound: outbound?.meaning ?? { ...NOTHING, exclude: NOTHING },
          inbound: ports ? { ports: ports.meaning, cidrs: [], exclude: NOTHING } : null,
          onFailure: onFailure ?? 'direct',
          leaseMs: lease === undefined ? null : { '3s': 3_000, '500ms': 500 }[lease],
        },
      };
    });

/** Valid files in many spellings, styles and orders, each with its meaning. */
export const writtenMesh: fc.Arbitrary<WrittenMesh> = fc
  .tuple(fc.shuffledSubarray(NAMES, { minLength: 1, maxLength: 3 }), fc.shuffledSubarray(NAMES, { maxLength: 5 }))
  .chain(([sidecarNames, appNames]) =>
    fc.record({
      sidecars: fc.tuple(...sidecarNames.map((name, index) => sidecar(name, index))),
      apps: fc.tuple(...appNames.map((name, index) => app(name, index, sidecarNames))),
      style: fc.constantFrom('any', 'block', 'flow'),
      quotes: fc.constantFrom('PLAIN', 'QUOTE_DOUBLE', 'QUOTE_SINGLE'),
      appsFirst: fc.boolean(),
    }),
  )
  .map(({ sidecars, apps, style, quotes, appsFirst }) => {
    // Maps, because JavaScript puts keys of objects that are numbers first.
    const section = (list: readonly { name: string; written: unknown }[]) =>
      new Map(list.map(({ name, written }) => [name, written]));
    const sections: [string, unknown][] = [
      ['sidecars', section(sidecars)],
      ['apps', section(apps)],
    ];
    const document = new Map<string, unknown>([
      ['apiVersion', 'weir.dev/v1'],
      ...(appsFirst ? sections.toReversed() : sections),
    ]);
    const yaml = stringify(document, {
      collectionStyle: style as 'any',
      defaultStringType: quotes as 'PLAIN',
      defaultKeyType: 'PLAIN',
    });
    return {
      yaml,
      meaning: { sidecars: sidecars.map(({ meaning }) => meaning), apps: apps.map(({ meaning }) => meaning) },
    };
  });
