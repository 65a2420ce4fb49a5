/**
 * Classes of libraries whose static methods weir knows, each with its methods. The real classes answer every one of them in
 * test/e2e/string-utils.test.ts: of Dubbo 2.7.23, 3.2.16 and 3.3.6, of commons-lang3 and of commons-lang.
 */

const COMMONS = 'isEmpty isNotEmpty isBlank isNotBlank equals equalsIgnoreCase contains';

/** Static methods of texts by the full name of their class. */
export const STRING_UTILS: Readonly<Record<string, string>> = {
  'org.apache.dubbo.common.utils.StringUtils': 'isEmpty isNotEmpty isBlank isNotBlank isEquals',
  'org.apache.commons.lang3.StringUtils': `${COMMONS} startsWith endsWith`,
  'org.apache.commons.lang.StringUtils': COMMONS,
};

/** Whether weir knows a method of a class of texts. */
export function knowsTextMethod(cls: string, name: string): boolean {
  return Object.hasOwn(STRING_UTILS, cls) && (STRING_UTILS[cls] ?? '').split(' ').includes(name);
}

/** Whether a method came to a class of Dubbo with Dubbo 3: in consumers of 2.x a script fails where it calls it. */
export function isSinceDubbo3(cls: string, name: string): boolean {
  return cls.startsWith('org.apache.dubbo.') && name === 'isNotBlank';
}

/** Whether a class is part of a library that a consumer may have or not: a script that imports it compiles only with it. */
export function isOfLibrary(name: string): boolean {
  return name.startsWith('org.apache.commons.') && Object.hasOwn(STRING_UTILS, name);
}
