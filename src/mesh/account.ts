/** Users and groups of mesh.yaml: reading, comparing, and the limits of their names and numbers. */
import type { AccountRef } from './mesh-config.ts';
import { quoteValue, type ReadValue, refuseValue } from './yaml/field-value.ts';

/** A user or group without its place in the file. */
export type AccountKey =
  | { readonly kind: 'id'; readonly id: number }
  | { readonly kind: 'name'; readonly name: string };

/** The largest uid or gid: 2^32-1 is (uid_t)-1, "no change" to chown(2) and setresuid(2), and no account can have it. */
export const MAX_ACCOUNT_ID = 4_294_967_294;

/** A user or group name as useradd, LDAP and Active Directory make them (`payment`, `CORP\\svc`, `svc@corp`). */
export const ACCOUNT_NAME_PATTERN = '^[^\\s\\p{C}:/,"\'-][^\\s\\p{C}:/,"\']{0,255}$';

const NAME = new RegExp(ACCOUNT_NAME_PATTERN, 'u');

/** A user or group of mesh.yaml: a name, or a number (also written as text, since no account may be named so). */
export function readAccount(value: unknown): ReadValue<AccountKey> {
  const refuse = (why: string) =>
    refuseValue(`${quoteValue(value)} is not a user or group`, why, 'write a name (payment) or a number (1001)');
  if (typeof value === 'number' || (typeof value === 'string' && /^[0-9]+$/.test(value))) {
    const id = Number(value);
    const valid = Number.isInteger(id) && id >= 0 && id <= MAX_ACCOUNT_ID;
    return valid ? { value: { kind: 'id', id } } : refuse(`the number lies between 0 and ${MAX_ACCOUNT_ID}`);
  }
  if (typeof value !== 'string') return refuse('it is neither a name nor a number');
  if (value === '') return refuse('the name is empty');
  if (!NAME.test(value))
    return refuse('a name has no space, colon, comma, slash, quote or control character and begins without a hyphen');
  return { value: { kind: 'name', name: value } };
}

/** A text that is the same for the same account: `id 0`, `name root`. */
export function accountKey(account: AccountKey): string {
  return account.kind === 'id' ? `id ${account.id}` : `name ${account.name}`;
}

/** How many characters an account takes in the file, quotes aside. */
export function writtenLength(account: AccountRef): number {
  const written = account.kind === 'name' ? account.name : (account.name ?? String(account.id));
  return written.length;
}

/** The accounts without those that repeat an earlier one. */
export function distinctAccounts<A extends AccountKey>(accounts: readonly A[]): readonly A[] {
  const seen = new Set<string>();
  return accounts.filter((account) => {
    const key = accountKey(account);
    return !seen.has(key) && seen.add(key);
  });
}
