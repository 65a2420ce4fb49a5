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
