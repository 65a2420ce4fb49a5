/** The choice of the firewall back end. */
import { WeirError } from '../errors/weir-error.ts';
import type { Backend } from './backend.ts';
import type { BackendChoice } from './detection.ts';
import type { InterceptHost } from './host.ts';
import { isDenied } from './look.ts';
import { BACKENDS, holdsRules, type Situation } from './situation.ts';

const UNKNOWN_HINT = 'mend what keeps its tool from answering, and run the command again; see `weir check backend`';

/**
 * The back end to write to: the remembered one, else the one asked for, else the first that works here.
 * @throws WeirError exit 3 when another one is remembered, none works, or of a better one that is not known
 */
export async function chooseBackend(
  host: InterceptHost,
  situation: Situation,
  asked: Backend | 'auto',
): Promise<Backend> {
  const remembered = situation.backend;
  if (remembered !== null && asked !== 'auto' && asked !== remembered) {
    throw new WeirError('WEIR3005', {
      what: `--backend ${asked}: this host's rules are in ${remembered}`,
      why: 'the back end is chosen at the first `on`; a second one would redirect the same packets twice, and nothing was changed',
      hint: `leave --backend out to go on with ${remembered}, or run \`weir uninstall\` first`,
    });
  }
  const wanted = remembered ?? (asked === 'auto' ? null : asked);
  if (wanted !== null) {
    // Its tool has just read rules of weir, or would have read them: nothing better could be found out.
    const read = situation.installed.get(wanted);
    const isAsked = wanted !== 'iptables-legacy' && situation.stored?.backend === wanted && read !== undefined;
    if (isAsked || holdsRules(read)) return wanted;
    const choice = await host.backend(wanted);
    if (choice.usable) return wanted;
    throw new WeirError('WEIR3006', {
      what: choice.isUnknown
        ? `whether the back end ${wanted} can be used here cannot be told`
        : `the back end ${wanted} cannot be used here`,
      why: choice.detail,
      hint: choice.isUnknown
        ? UNKNOWN_HINT
        : 'install what is missing; `weir check backend` shows each back end and why',
    });
  }
  const choices: BackendChoice[] = [];
  for (const backend of BACKENDS) {
    choices.push(await host.backend(backend));
    if (choices.at(-1)?.usable) break;
  }
  const { taken, unsure } = firstChoice(choices);
  if (taken !== null) return taken;
  const why = choices.filter(({ usable }) => !usable).map(({ backend, detail }) => `${backend}: ${detail}`);
  const next = choices.find(({ usable }) => usable);
  if (next !== undefined) {
    const names = unsure.map(({ backend }) => backend).join(', ');
    throw new WeirError('WEIR3006', {
      what: `whether the back end ${names} can be used here cannot be told`,
      why: `${why.join('; ')}; a host stays with the back end of its first \`on\`, and ${next.backend} comes after it`,
      hint: `${UNKNOWN_HINT}; or take the other one: \`--backend ${next.backend}\``,
    });
  }
  throw new WeirError('WEIR3006', {
    what:
      unsure.length > 0
        ? 'whether a firewall back end can be used here cannot be told'
        : 'no firewall back end can be used here',
    why: why.join('; '),
    hint:
      unsure.length > 0
        ? UNKNOWN_HINT
        : 'install one (`apt-get install nftables`), run as root, and see `weir check backend`',
  });
}

/**
 * The back end that the first `on` takes: the first that can be used, `choices` being in order of preference. None while
 * a better one gave no answer, or may not be asked: a host stays with its first. `unsure` are those.
 */
export function firstChoice(choices: readonly BackendChoice[]): {
  readonly taken: Backend | null;
  readonly unsure: readonly BackendChoice[];
} {
  const at = choices.findIndex(({ usable }) => usable);
  // Where none can be used, a missing right is the answer.
  if (at === -1) return { taken: null, unsure: choices.filter(({ isUnknown }) => isUnknown) };
  const unsure = choices.slice(0, at).filter(({ isUnknown, detail }) => isUnknown || isDenied(detail));
  return { taken: unsure.length > 0 ? null : (choices[at]?.backend ?? null), unsure };
}
