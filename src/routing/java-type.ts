/**
 * Whether a parameter of this type holds null or an object that is neither text, number, boolean nor character: an array, a
 * collection, a class of the estate. Types that the former implement (Object, Number, Comparable, ...) are none of these.
 */
export function isObjectType(type: string): boolean {
  if (type.startsWith('[')) return true;
  if (/^java\.util\.(?:List|ArrayList|LinkedList|Map|HashMap|LinkedHashMap|Set|Collection|Date)$/.test(type))
    return true;
  return type.includes('.') && !/^(?:java|javax|groovy|kotlin|scala)\./.test(type);
}
