/** Types of parameters, as Java declares them. */

/** The classes of the values of primitive types. */
const BOXES: ReadonlyMap<string, string> = new Map([
  ['byte', 'java.lang.Byte'],
  ['short', 'java.lang.Short'],
  ['int', 'java.lang.Integer'],
  ['long', 'java.lang.Long'],
  ['float', 'java.lang.Float'],
  ['double', 'java.lang.Double'],
  ['boolean', 'java.lang.Boolean'],
  ['char', 'java.lang.Character'],
]);

/** The class of the values of a declared type: `long` holds java.lang.Long. */
export function boxOf(type: string): string {
  return BOXES.get(type) ?? type;
}

/** Whether a declared type is primitive, so that its values are never null. */
export function isPrimitive(type: string): boolean {
  return BOXES.has(type);
}

/**
 * Whether a parameter of this type holds only null or an object such as an array, a collection or a class of the
 * estate. Types that texts, numbers, booleans or characters implement (Object, Number, Comparable, ...) are none of
 * these.
 */
export function isObjectType(type: string): boolean {
  if (type.startsWith('[')) return true;
  if (/^java\.util\.(?:List|ArrayList|LinkedList|Map|HashMap|LinkedHashMap|Set|Collection|Date)$/.test(type))
    return true;
  return type.includes('.') && !/^(?:java|javax|groovy|kotlin|scala)\./.test(type);
}
