/** The renderer of off.sh, the panic file. */
import { iptablesPanicText, nftEntryCommands, nftMarkQuestion, nftPanicText, type PanicApp } from './panic-app.ts';
import { IPTABLES_PANIC_BODY, NFT_PANIC_BODY } from './panic-body.ts';
import { PANIC_HEAD } from './panic-head.ts';
import { appendToVariable, quoteShellWord } from './shell-word.ts';

/** Everything that the panic file is made from. */
export interface PanicScriptFacts {
  readonly backend: 'nft' | 'iptables-nft' | 'iptables-legacy';
  /** Where the file lies; markers go to `off.d` in it. */
  readonly runDir: string;
  /** The `--netns` value that the rules were made under, '' without one. */
  readonly netns: string;
  /** `device:inode` of that namespace, null when it is not known. */
  readonly namespaceId: string | null;
  /** The kernel's own number of it; null where nobody could tell. */
  readonly namespaceCookie: string | null;
  /** Applications that are on, as they are installed. */
  readonly apps: readonly PanicApp[];
  /** Names of all applications that weir knows, also of those that are off. */
  readonly known: readonly string[];
}

/**
 * The text of off.sh: POSIX sh that sends applications direct with the back end's own tool and nothing of weir.
 * `sh off.sh [APP...]`; no APP means all. Exit 0: direct, or was so before; 1: one family failed; 2: unknown APP; 3: nothing
 * was changed (no rights, no tool, a namespace that is not found). One run of the tool for nft and a listing, one run a
 * family for iptables.
 */
export function renderPanicScript(facts: PanicScriptFacts): string {
  const on = facts.apps.map(({ name }) => name);
  const transparent = facts.apps.flatMap(({ name, mode }) => (mode === 'tproxy' ? [name] : []));
  const known = [...new Set([...facts.known, ...on])].sort();
  return [
    PANIC_HEAD,
    `run_dir=${quoteShellWord(facts.runDir)}`,
    `netns=${quoteShellWord(facts.netns)}`,
    `netns_id=${quoteShellWord(facts.namespaceId === null ? '' : `net:[${facts.namespaceId.split(':')[1]}]`)}`,
    `netns_cookie=${quoteShellWord(facts.namespaceCookie ?? '')}`,
    `netns_file=${quoteShellWord(netnsFile(facts.netns))}`,
    `known=${quoteShellWord(known.join(' '))}`,
    `on=${quoteShellWord(on.join(' '))}`,
    ...(facts.backend === 'nft' ? [`transparent=${quoteShellWord(transparent.join(' '))}`] : []),
    `backend=${quoteShellWord(facts.backend)}`,
    '',
    ...switchFunctions(facts),
    facts.backend === 'nft' ? NFT_PANIC_BODY : IPTABLES_PANIC_BODY,
  ].join('\n');
}

/** Where the kernel shows a namespace, by the three forms that `--netns` takes. */
function netnsFile(netns: string): string {
  if (netns === '' || netns.includes('/')) return netns;
  return /^\d+$/.test(netns) ? `/proc/${netns}/ns/net` : `/run/netns/${netns}`;
}

function switchFunctions({ backend, apps }: PanicScriptFacts): string[] {
  if (backend === 'nft') {
    const entries = apps.map((app) => `${app.name})\n${nftEntryCommands(app).join('\n')}\n;;\n`).join('');
    return [
      switchFunction('nft_switch', apps, nftPanicText),
      switchFunction('nft_marks', apps, nftMarkQuestion, 'Adds what asks for the marks of application $1 to $text.'),
      `# Takes application $1 out of the maps that dispatch it.\nnft_entries() {\ncase $1 in\n${entries}*) ;;\nesac\n}\n`,
    ];
  }
  return ([4, 6] as const).map((family) =>
    switchFunction(`ip${family === 4 ? '' : '6'}_switch`, apps, (app) => iptablesPanicText(app, family)),
  );
}

/** A shell function that appends the switch of the application `$1` to `text`. */
function switchFunction(
  name: string,
  apps: readonly PanicApp[],
  textOf: (app: PanicApp) => string,
  what = 'Adds what switches application $1 off to $text.',
): string {
  const cases = apps
    .map((app): [string, string] => [app.name, textOf(app)])
    .filter(([, text]) => text !== '')
    .map(([app, text]) => `${app}) ${appendToVariable('text', text)} ;;\n`);
  return `# ${what}\n${name}() {\ncase $1 in\n${cases.join('')}*) ;;\nesac\n}\n`;
}
