/** The choice of the firewall back end. */
import { WeirError } from '../errors/weir-error.ts';
import type { Backend } from './backend.ts';
import type { BackendChoice } from './detection.ts';
import type { InterceptHost } from './host.ts';
import { BACKENDS, holdsRules, type Situation } from './situation.ts';

const UNKNOWN_HINT = 'mend what keeps its tool from answering, and run the command again; see `weir check backend`';

/**
 * The back end to write to: the remembered one, else the one asked for, else the first that works here.
 * @throws WeirError exit 3 when another one is remembered, or none works
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
    const choice = await host.backend(backend);
    if (choice.usable) return backend;
    choices.push(choice);
  }
  const isUnknown = choices.some((choice) => choice.isUnknown);
  throw new WeirError('WEIR3006', {
    what: isUnknown
      ? 'whether a firewall back end can be used here cannot be told'
      : 'no firewall back end can be used here',
    why: choices.map((choice) => `${choice.backend}: ${choice.detail}`).join('; '),
    hint: isUnknown
      ? UNKNOWN_HINT
      : 'install one (`apt-get install nftables`), run as root, and see `weir check backend`',
  });
}
