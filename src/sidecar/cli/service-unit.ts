/** Units of systemd for supervisors, as text. */

/** The supervisor of a unit: one of all sidecars, of one, or of the one that the instance names. */
export type UnitFor =
  | { readonly kind: 'all' }
  | { readonly kind: 'one'; readonly name: string }
  | { readonly kind: 'template' };

/** The command line and the times of a unit. */
export interface UnitOptions {
  readonly unit: UnitFor;
  /** The words that start weir. */
  readonly weir: readonly string[];
  /** Global flags for each command. */
  readonly flags: readonly string[];
  /** The longest drain of its sidecars in ms; a stop takes as long. */
  readonly drainMs: number;
}

/** A unit: the name of its file, and its text. */
export interface ServiceUnit {
  readonly file: string;
  readonly text: string;
}

/** Seconds for a stop beside the drain. While a drain goes on, the supervisor asks for more. */
const STOP_SPARE_S = 45;

/** Writes a unit. Source of the settings: systemd.service(5), systemd.kill(5), systemd 252. */
export function serviceUnit({ unit, weir, flags, drainMs }: UnitOptions): ServiceUnit {
  const names = unit.kind === 'all' ? [] : [unit.kind === 'one' ? quoted(unit.name) : '%i'];
  const command = (...words: readonly string[]) =>
    [...weir.map(quoted), 'sidecar', ...words, ...names, ...flags.map(quoted)].join(' ');
  const what = { all: 'all sidecars of mesh.yaml', one: `sidecar ${names[0]}`, template: 'sidecar %i' }[unit.kind];
  const reload =
    unit.kind === 'all'
      ? ['# Then mesh.yaml is followed; the journal says how that ends.', 'ExecReload=/bin/kill -HUP $MAINPID']
      : [`ExecReload=${command('upgrade')}`];
  const lines = [
    `# ${usageOf(unit)}`,
    '[Unit]',
    `Description=weir: ${what}`,
    'Documentation=man:weir(1)',
    'After=network-online.target',
    'Wants=network-online.target',
    '# No number of failed starts is the last one: nobody else brings Envoy back.',
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    '# Ready when every sidecar is live, or has a named reason not to be.',
    'Type=notify',
    'NotifyAccess=all',
    `ExecStart=${command('run')}`,
    '# First the supervisor becomes the weir that is installed now, if that is another one.',
    `ExecReload=${command('handoff')}`,
    ...reload,
    '# Envoy must survive a crash of the supervisor: only the supervisor is killed, and the next one adopts what runs.',
    'KillMode=process',
    '# The end of one Envoy for want of memory is no end of the unit: the supervisor starts it again.',
    'OOMPolicy=continue',
    'Restart=on-failure',
    'RestartSec=1',
    '# The drain of mesh.yaml and some more; a longer drain asks for more time itself.',
    `TimeoutStopSec=${Math.ceil(drainMs / 1000) + STOP_SPARE_S}`,
    'LimitNOFILE=1048576',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ];
  return { file: unitFile(unit), text: lines.join('\n') };
}

function unitFile(unit: UnitFor): string {
  switch (unit.kind) {
    case 'all':
      return 'weir-sidecars.service';
    case 'one':
      return `weir-sidecar-${unit.name}.service`;
    case 'template':
      return 'weir-sidecar@.service';
  }
}

function usageOf(unit: UnitFor): string {
  if (unit.kind === 'template') return 'One supervisor a sidecar: systemctl enable --now weir-sidecar@main';
  const which = unit.kind === 'all' ? 'One supervisor for all sidecars' : 'The supervisor of one sidecar';
  return `${which}: systemctl enable --now ${unitFile(unit)}`;
}

/** A word of a command line as systemd reads it: `%` and `$` are its own, and a space would end the word. */
function quoted(word: string): string {
  const escaped = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w@%+=:,./-]+$/.test(escaped) ? escaped : `"${escaped.replaceAll(/["\\]/g, '\\$&')}"`;
}
