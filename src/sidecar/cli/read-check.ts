/** The flag `--check`. */
import * as Flags from '@oclif/core/flags';
import { wrongFlagValue } from '../../cli/flags.ts';
import type { SidecarCheck } from '../../mesh/mesh-config.ts';

/** `--check`: what is asked of a new Envoy. */
export const checkFlag = () =>
  Flags.custom<SidecarCheck>({
    helpValue: 'URL|exec:CMD',
    summary: 'Ask this of the new Envoy before anybody is told; what does not hold brings the old one back.',
    parse: async (input) => readCheck(input),
  })();

/** `http://...`, `https://...`, or `exec:` and a command for the shell. Throws WEIR1002 for anything else. */
export function readCheck(input: string): SidecarCheck {
  const command = /^exec:(.+)$/s.exec(input)?.[1]?.trim();
  if (command !== undefined && command !== '') return { kind: 'exec', argv: ['/bin/sh', '-c', command] };
  if (/^https?:\/\//.test(input) && URL.canParse(input)) return { kind: 'http', url: new URL(input).href };
  throw wrongFlagValue('check', input, 'a URL such as http://127.0.0.1:8080/health, or exec: and a command');
}
