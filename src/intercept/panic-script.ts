import { iptablesPanicText, nftPanicText, type PanicApp } from './panic/panic-app.ts';
import { IPTABLES_PANIC_BODY, NFT_PANIC_BODY } from './panic/panic-body.ts';
import { PANIC_HEAD } from './panic/panic-head.ts';
import { appendToVariable, quoteShellWord } from './panic/shell-word.ts';

/** Everything that the panic file is made from. */
export interface PanicScriptFacts {
  readonly backend: 'nft' | 'iptables-nft' | 'iptables-legacy';
  /** Where the file lies; markers go to `off.d` in it. */
  readonly runDir: string;
  /** The `--netns` value that the rules were made under, '' without one. */
  readonly netns: string;
  /** Applications that are on, as they are installed. */
  readonly apps: readonly PanicApp[];
  /** Names of all applications that weir knows, also of those that are off. */
  readonly known: readonly string[];
}

/**
 * The text of off.sh: POSIX sh that sends applications direct with the back end's own tool and nothing of weir.
 * `sh off.sh [APP...]`; no APP means all. Exit 0: direct, or was so before; 1: the tool failed; 2: unknown APP, nothing
 * changed. One run of the tool for nft, one a family for iptables; a listing follows only where that one failed.
 */
export function renderPanicScript(facts: PanicScriptFacts): string {
  const on = facts.apps.map(({ name }) => name);
  const known = [...new Set([...facts.known, ...on])].sort();
  return [
    PANIC_HEAD,
    `run_dir=${quoteShellWord(facts.runDir)}`,
    `netns=${quoteShellWord(facts.netns)}`,
    `netns_file=${quoteShellWord(netnsFile(facts.netns))}`,
    `known=${quoteShellWord(known.join(' '))}`,
    `on=${quoteShellWord(on.join(' '))}`,
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
  if (backend === 'nft') return [switchFunction('nft_switch', apps, nftPanicText)];
  return ([4, 6] as const).map((family) =>
    switchFunction(`ip${family === 4 ? '' : '6'}_switch`, apps, (app) => iptablesPanicText(app, family)),
  );
}

/** A shell function that appends to `text` what switches the application `$1` off. */
function switchFunction(name: string, apps: readonly PanicApp[], textOf: (app: PanicApp) => string): string {
  const cases = apps
    .map((app): [string, string] => [app.name, textOf(app)])
    .filter(([, text]) => text !== '')
    .map(([app, text]) => `${app}) ${appendToVariable('text', text)} ;;\n`);
  return `# Adds what switches application $1 off to $text.\n${name}() {\ncase $1 in\n${cases.join('')}*) ;;\nesac\n}\n`;
}
