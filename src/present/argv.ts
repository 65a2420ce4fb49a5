/** Global flags that take a value, and so two words when written without `=`. */
const FLAGS_WITH_VALUE = new Set(['--config', '--run-dir', '--state-dir', '--netns']);

/**
 * Moves flags that stand before the command's name behind it: `weir --json status` means `weir status --json`, but oclif
 * takes the first word for the command. What stands after a `--` stays last.
 */
export function moveLeadingFlags(argv: readonly string[]): string[] {
  let count = 0;
  while (argv[count]?.startsWith('--') && argv[count] !== '--') {
    count += FLAGS_WITH_VALUE.has(argv[count] as string) ? 2 : 1;
  }
  const flags = argv.slice(0, count);
  const rest = argv.slice(count);
  const end = rest.indexOf('--');
  return end === -1 ? [...rest, ...flags] : [...rest.slice(0, end), ...flags, ...rest.slice(end)];
}
