/** The error for a file that holds no rule. */
import { WeirError } from '../../errors/weir-error.ts';

/** The error for a file that holds no rule. */
export function unreadable(path: string, why: string, line: number, column: number): WeirError {
  return new WeirError('WEIR5002', {
    what: `${path} is no routing rule that weir reads`,
    why,
    hint: 'It reads Groovy and JavaScript, script://, condition:// and route:// URLs, script-router, condition and tag YAML, and HSF rules.',
    location: { file: path, line, column },
  });
}
