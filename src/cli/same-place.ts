/** Flags that say on which host, and with whose files, a command works. */
const PLACE_FLAGS = ['--netns', '--config', '--run-dir', '--state-dir'];

/** Commands that take all of these flags, as weir's texts name them. */
const NAMED_COMMAND =
  /(?<=`)weir (?:on|off|confirm|status|plan|verify|uninstall|check|sidecar (?:run|init|status|upgrade|rollback|abort|stop|handoff|history|wait-settled))\b[^`\n]*(?=`)/g;

/** Puts the flags of this command line that choose a place into the commands that a text recommends. */
export type SamePlace = (text: string) => string;

/**
 * An operator pastes what weir recommends: without `--netns` and its like it would act on another host than the one that
 * the answer is about.
 */
export function samePlace(argv: readonly string[]): SamePlace {
  const given = placeFlags(argv);
  if (given === '') return (text) => text;
  // A text that was broken into lines has them already.
  return (text) =>
    text.replaceAll(NAMED_COMMAND, (command) => (command.endsWith(given) ? command : `${command}${given}`));
}

function placeFlags(argv: readonly string[]): string {
  const end = argv.indexOf('--');
  const words = end === -1 ? argv : argv.slice(0, end);
  return words
    .flatMap((word, index) => {
      if (PLACE_FLAGS.includes(word)) return [` ${word} ${quoted(words[index + 1] ?? '')}`];
      return PLACE_FLAGS.some((flag) => word.startsWith(`${flag}=`)) ? [` ${quoted(word)}`] : [];
    })
    .join('');
}

/** As a shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
