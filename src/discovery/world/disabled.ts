/** Which registered services Dubbo does not call, although they are there. */

/**
 * Whether a provider with these parameters is left out by the directories of Dubbo: `disabled` decides where it stands, else
 * `enabled`. Java reads what is not `true` as false.
 */
export function isDisabled({ disabled, enabled }: Readonly<Record<string, string>>): boolean {
  const isTrue = (text: string) => text.toLowerCase() === 'true';
  if (disabled !== undefined && disabled !== '') return isTrue(disabled);
  return enabled !== undefined && enabled !== '' && !isTrue(enabled);
}
