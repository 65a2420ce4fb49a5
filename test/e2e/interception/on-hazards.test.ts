/** `weir on` beside what makes an application see something else than the proof: real rules, real sockets, real packets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAB_ADDRESSES, LAB_UIDS } from '../lab/lab.ts';
import { startHttpUpstream } from '../lab/traffic.ts';
import { assertRoute, setStage } from './stage.ts';

const INBOUND = 8088;
const { app: APP, other: OTHER, sidecar: SIDECAR } = LAB_UIDS;

/** One thing on the host, what `on` says of it, and how it is taken away again. */
interface Row {
  readonly name: string;
  /** Commands by their words, and an nft file. */
  readonly arrange: readonly string[];
  readonly nft?: string;
  readonly undo: readonly string[];
  readonly app: 'payment' | 'calls' | 'everything';
  readonly expect: { readonly refuse: string; readonly evidence: RegExp } | { readonly warn: RegExp } | 'nothing';
}

/** A table of nft with chains: what each is declared with, and its rules. */
function nftTable(name: string, chains: Readonly<Record<string, readonly string[]>>, sets = ''): string {
  const texts = Object.entries(chains).map(([chain, lines]) => `chain ${chain} {\n${lines.join('\n')}\n}`);
  return `table inet ${name} {\n${sets}\n${texts.join('\n')}\n}\n`;
}

const DENY = [
  'type filter hook input priority 0; policy drop;',
  'ct state established,related accept',
  'iif lo accept',
  'meta l4proto ipv6-icmp accept',
];

const ROWS: readonly Row[] = [
  {
    name: 'nft: a default-deny input filter that lets only the application in (2.2)',
    arrange: [],
    nft: nftTable('fw', { input: [...DENY, `tcp dport ${INBOUND} accept`] }),
    undo: ['nft delete table inet fw'],
    app: 'calls',
    expect: { refuse: 'inbound-filtered', evidence: /8088.*15006/ },
  },
  {
    name: 'nft: the same through a jump, a set and a verdict map',
    arrange: [],
    nft: nftTable(
      'fw',
      {
        ports: ['tcp dport @open accept'],
        input: [
          'type filter hook input priority 0; policy accept;',
          'iif lo accept',
          'ct state vmap { established : accept, related : accept }',
          'meta l4proto ipv6-icmp accept',
          'jump ports',
          'drop',
        ],
      },
      `set open {\n type inet_service\n elements = { 22, ${INBOUND} }\n}`,
    ),
    undo: ['nft delete table inet fw'],
    app: 'calls',
    expect: { refuse: 'inbound-filtered', evidence: /15006/ },
  },
  {
    name: 'nft: the same beside a filter that lets in what was redirected, as firewalld does',
    arrange: [],
    nft: nftTable('fw', { input: [...DENY, 'ct status dnat accept', `tcp dport ${INBOUND} accept`] }),
    undo: ['nft delete table inet fw'],
    app: 'calls',
    expect: 'nothing',
  },
  {
    name: 'nft: a filter that lets both ports in',
    arrange: [],
    nft: nftTable('fw', { input: [...DENY, `tcp dport { ${INBOUND}, 15000-15010 } accept`] }),
    undo: ['nft delete table inet fw'],
    app: 'calls',
    expect: 'nothing',
  },
  ...(['iptables-nft', 'iptables-legacy'] as const).flatMap((tool): Row[] => [
    {
      name: `${tool}: a default-deny input filter through a chain of its own, as ufw has it`,
      arrange: [
        `${tool} -w -N ufw-user-input`,
        `${tool} -w -A ufw-user-input -p tcp -m multiport --dports 22,${INBOUND} -j ACCEPT`,
        `${tool} -w -A INPUT -i lo -j ACCEPT`,
        `${tool} -w -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
        `${tool} -w -A INPUT -j ufw-user-input`,
        `${tool} -w -P INPUT DROP`,
      ],
      undo: [
        `${tool} -w -P INPUT ACCEPT`,
        `${tool} -w -F INPUT`,
        `${tool} -w -F ufw-user-input`,
        `${tool} -w -X ufw-user-input`,
      ],
      app: 'calls',
      expect: { refuse: 'inbound-filtered', evidence: /15006/ },
    },
    {
      name: `${tool}: replies routed by the connection mark (2.3)`,
      arrange: [
        `${tool} -w -t mangle -A PREROUTING -i eth1 -m conntrack --ctstate NEW -j CONNMARK --set-mark 2`,
        `${tool} -w -t mangle -A OUTPUT -j CONNMARK --restore-mark`,
      ],
      undo: [`${tool} -w -t mangle -F`],
      app: 'calls',
      expect: { refuse: 'foreign-mark', evidence: /CONNMARK/ },
    },
    {
      name: `${tool}: the same without inbound`,
      arrange: [`${tool} -w -t mangle -A OUTPUT -j CONNMARK --restore-mark`],
      undo: [`${tool} -w -t mangle -F`],
      app: 'payment',
      expect: 'nothing',
    },
    {
      name: `${tool}: an egress filter by account that leaves the sidecar out (2.7)`,
      arrange: [
        `${tool} -w -A OUTPUT -d 127.0.0.0/8 -j ACCEPT`,
        `${tool} -w -A OUTPUT -d ${LAB_ADDRESSES.upstream.ipv4} -m owner --uid-owner ${APP} -j ACCEPT`,
        `${tool} -w -A OUTPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT`,
        `${tool} -w -A OUTPUT -j REJECT`,
      ],
      undo: [`${tool} -w -F OUTPUT`],
      app: 'payment',
      expect: { refuse: 'sidecar-egress', evidence: /uid 1337/ },
    },
    {
      name: `${tool}: an egress filter that names both accounts`,
      arrange: [
        `${tool} -w -A OUTPUT -d 127.0.0.0/8 -j ACCEPT`,
        `${tool} -w -A OUTPUT -m owner --uid-owner ${APP} -j ACCEPT`,
        `${tool} -w -A OUTPUT -m owner --uid-owner ${SIDECAR} -j ACCEPT`,
        `${tool} -w -A OUTPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT`,
        `${tool} -w -A OUTPUT -j REJECT`,
      ],
      undo: [`${tool} -w -F OUTPUT`],
      app: 'payment',
      expect: 'nothing',
    },
    {
      name: `${tool}: an egress filter that knows loopback by its interface alone (4)`,
      arrange: [
        `${tool} -w -A OUTPUT -o lo -j ACCEPT`,
        `${tool} -w -A OUTPUT -d ${LAB_ADDRESSES.upstream.ipv4} -j ACCEPT`,
        `${tool} -w -A OUTPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT`,
        `${tool} -w -A OUTPUT -j DROP`,
      ],
      undo: [`${tool} -w -F OUTPUT`],
      app: 'payment',
      expect: { refuse: 'redirect-filtered', evidence: /127\.0\.0\.1/ },
    },
    {
      name: `${tool}: everything in a zone of connection tracking (2.8)`,
      arrange: [`${tool} -w -t raw -A OUTPUT -p tcp -j CT --zone 7`],
      undo: [`${tool} -w -t raw -F`],
      app: 'payment',
      expect: { refuse: 'conntrack-zone', evidence: /--zone 7/ },
    },
    {
      name: `${tool}: one port untracked (3.2)`,
      arrange: [`${tool} -w -t raw -A OUTPUT -p tcp --dport 8081 -j NOTRACK`],
      undo: [`${tool} -w -t raw -F`],
      app: 'payment',
      expect: { warn: /not tracked.*port 8081/ },
    },
    {
      name: `${tool}: the account untracked`,
      arrange: [`${tool} -w -t raw -A OUTPUT -m owner --uid-owner ${APP} -j CT --notrack`],
      undo: [`${tool} -w -t raw -F`],
      app: 'payment',
      expect: { refuse: 'untracked', evidence: /notrack/ },
    },
  ]),
  {
    name: 'nft: a zone for the account, and tracking off for another one',
    arrange: [],
    nft: nftTable('zones', {
      out: ['type filter hook output priority -300;', `meta skuid ${APP} ct zone set 7`, `meta skuid ${OTHER} notrack`],
    }),
    undo: ['nft delete table inet zones'],
    app: 'payment',
    expect: { refuse: 'conntrack-zone', evidence: /inet zones out/ },
  },
  {
    name: 'nft: everything untracked',
    arrange: [],
    nft: nftTable('raw', { out: ['type filter hook output priority -300;', 'notrack'] }),
    undo: ['nft delete table inet raw'],
    app: 'payment',
    expect: { refuse: 'untracked', evidence: /inet raw out/ },
  },
  {
    name: 'nft: connection marks of another program',
    arrange: [],
    nft: nftTable('lb', {
      pre: ['type filter hook prerouting priority -150;', 'ct mark set 2'],
      out: ['type route hook output priority -150;', 'meta mark set ct mark'],
    }),
    undo: ['nft delete table inet lb'],
    app: 'calls',
    expect: { refuse: 'foreign-mark', evidence: /inet lb/ },
  },
  {
    name: 'a routing rule by mark before `lookup local`, and a rule that marks (2.9)',
    arrange: [
      'ip rule add pref 9 fwmark 0x200 lookup 200',
      'ip rule add pref 100 lookup local',
      'ip rule del pref 0',
      `iptables-nft -w -t mangle -A OUTPUT -d ${LAB_ADDRESSES.upstream.ipv4} -j MARK --set-mark 0x200`,
    ],
    undo: [
      'ip rule add pref 0 lookup local',
      'ip rule del pref 100',
      'ip rule del pref 9',
      'iptables-nft -w -t mangle -F',
    ],
    app: 'payment',
    expect: { refuse: 'routing-rule', evidence: /fwmark 0x200/ },
  },
  {
    name: 'a routing rule by source before `lookup local`',
    arrange: [
      `ip rule add pref 9 from 10.99.0.0/24 lookup 200`,
      'ip rule add pref 100 lookup local',
      'ip rule del pref 0',
    ],
    undo: ['ip rule add pref 0 lookup local', 'ip rule del pref 100', 'ip rule del pref 9'],
    app: 'payment',
    expect: { warn: /from 10\.99\.0\.0/ },
  },
  {
    name: 'a port of the application that somebody forwards elsewhere (2.10)',
    arrange: [`iptables-nft -w -t nat -A PREROUTING -p tcp --dport ${INBOUND} -j DNAT --to-destination 10.77.0.2:8080`],
    undo: ['iptables-nft -w -t nat -F PREROUTING'],
    app: 'calls',
    expect: { warn: /8088.*forwarded/ },
  },
  {
    name: '`inbound: {}` beside a listener of another account (2.10)',
    arrange: [],
    undo: [],
    app: 'everything',
    expect: { refuse: 'inbound-all', evidence: new RegExp(`port 9090 \\(.*uid ${LAB_UIDS.other}`) },
  },
];

// The stage lives as long as the file: what a row does, it takes back.
const APPS: Readonly<Record<string, unknown>> = {
  payment: { select: { user: APP }, sidecar: 'main' },
  calls: { select: { user: 31_000 }, sidecar: 'main', inbound: { ports: [INBOUND] } },
  everything: { select: { user: 31_002 }, sidecar: 'main', outbound: false, inbound: {} },
};
const stage = await setStage('hazards', {});
await Promise.all([
  startHttpUpstream(stage.lab, { namespace: stage.lab.client, port: INBOUND, uid: 31_000 }),
  startHttpUpstream(stage.lab, { namespace: stage.lab.client, port: 9090, uid: OTHER }),
]);

for (const row of ROWS) {
  test(row.name, async () => {
    const { client } = stage.lab;
    try {
      for (const command of row.arrange) await client.sh(command);
      if (row.nft !== undefined) await client.sh('nft -f -', row.nft);
      // Two applications cannot share the port that comes in.
      const { [row.app === 'everything' ? 'calls' : 'everything']: _other, ...apps } = APPS;
      stage.weir.configure({ ...stage.mesh, apps });
      const before = await stage.listing();
      const on = await stage.weir.json(['on', row.app]);
      const said = JSON.stringify(on.json);
      if (row.expect === 'nothing') {
        assert.deepEqual([on.code, on.json.warnings], [0, []], said);
      } else if ('warn' in row.expect) {
        assert.equal(on.code, 0, said);
        assert.match(on.json.warnings.join('\n'), row.expect.warn);
      } else {
        assert.deepEqual([on.code, on.json.error?.code], [3, 'WEIR3015'], said);
        assert.match(on.json.error?.hint ?? '', new RegExp(`--accept-risk ${row.expect.refuse}`));
        assert.match(`${on.json.error?.message} ${on.json.error?.why}`, row.expect.evidence);
        assert.equal(await stage.listing(), before, 'the host has changed');
        const check = await stage.weir.json(['check', 'traffic']);
        assert.equal(check.code, 1, JSON.stringify(check.json));
        assert.match(JSON.stringify(check.json), new RegExp(row.expect.refuse));
      }
    } finally {
      await stage.weir.run(['uninstall', '--existing', 'cut']);
      for (const command of row.undo) await client.sh(command);
    }
  });
}

test('a host in order: on has nothing to say', async () => {
  const { everything: _other, ...apps } = APPS;
  stage.weir.configure({ ...stage.mesh, apps });
  assert.deepEqual((await stage.weir.json(['on', 'payment', 'calls'])).json.warnings, []);
  await assertRoute(stage, APP, 'proxy');
});
