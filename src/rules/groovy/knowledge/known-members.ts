/**
 * The methods and properties that weir knows, by the kind of the receiver and of the arguments. A call that no row covers is
 * opaque. Real Groovy answers every row for many values of each kind (test/e2e/groovy-knowledge.test.ts).
 */

/** Rows by receiver, with a semicolon between; kinds and groups of kinds are those of value-kinds.ts. */
const TABLE = {
  null: `
    toString(); equals(any); asBoolean(); is(any); any(closure); any(); every(closure); every();
    collect(closure); collect(); find(closure); findAll(closure); iterator(); plus(text); plus(null); hashCode()`,
  text: `
    length(); size(); toLowerCase(); toUpperCase(); trim(); reverse(); substring(int); substring(int, int);
    indexOf(text); indexOf(text, int); lastIndexOf(text); charAt(int); toInteger(); toLong(); toDouble();
    toBigDecimal(); startsWith(text); endsWith(text); contains(text); contains(null); startsWith(null);
    endsWith(null); equalsIgnoreCase(text); equalsIgnoreCase(null); matches(text); compareTo(text); isEmpty();
    isInteger(); isLong(); isNumber(); isBigDecimal(); tokenize(); tokenize(text); split(); split(text);
    replace(text, text); concat(text); toString(); intern(); asBoolean(); equals(scalar); hashCode(); is(null);
    getAt(int); getAt(range); toBoolean(); readLines(); toList(); capitalize(); replaceAll(text, text);
    replaceFirst(text, text); padLeft(int); padRight(int); count(text); any(closure); every(closure);
    collect(closure); findAll(closure); plus(plain); minus(text); multiply(int); empty`,
  number: `
    plus(wide); minus(wide); multiply(wide); div(wide); intValue(); longValue(); doubleValue(); toInteger();
    toLong(); toDouble(); toBigDecimal(); toString(); asBoolean(); is(null); plus(text)`,
  int: `
    abs(); equals(scalar); mod(whole); intdiv(whole); and(whole); or(whole); xor(whole); hashCode(); compareTo(int);
    times(closure); upto(int, closure); downto(int, closure); compareTo(number)`,
  long: `
    abs(); equals(scalar); mod(whole); intdiv(whole); and(whole); or(whole); xor(whole); hashCode(); compareTo(number)`,
  double: `
    abs(); isNaN(); mod(number); hashCode(); compareTo(number)`,
  dec: `
    abs(); equals(scalar); compareTo(number)`,
  bigint: `
    abs(); equals(scalar); compareTo(number)`,
  bool: `
    toString(); booleanValue(); equals(scalar); asBoolean(); hashCode(); and(bool); or(bool); xor(bool);
    compareTo(bool)`,
  char: `
    toString(); equals(scalar); asBoolean()`,
  // Methods that change a list. A fixed list lacks them.
  growing: `
    clone(); get(int); add(any); add(int, any); addAll(sequence); leftShift(any); push(any); clear(); remove(int);
    remove(text); removeAll(collection); removeAll(closure); removeIf(closure); retainAll(collection);
    retainAll(closure); sort(); sort(closure); sort(closure2); sort(bool); unique(); unique(bool)`,
  list: `
    toSorted(); toSorted(closure); size(); isEmpty(); asBoolean(); getAt(int); getAt(range); contains(any);
    containsAll(collection); indexOf(any); findAll(); findAll(closure); grep(any); find(closure); find(); any();
    any(closure); every(); every(closure); count(scalar); count(closure); each(closure); forEach(closure);
    eachWithIndex(closure2); collect(); collect(closure); collectMany(closure); collectEntries(closure);
    groupBy(closure); split(closure); findIndexOf(closure); plus(scalar); plus(list); plus(set); plus(range);
    plus(map); plus(invoker); minus(any); intersect(list); disjoint(list); first(); head(); last(); tail(); init();
    take(int); drop(int); subList(int, int); reverse(); toSet(); toList(); asList(); asImmutable(); toArray();
    flatten(); join(); join(text); sum(); sum(closure); inject(any, closure2); max(); min(); max(closure);
    min(closure); equals(any); is(null); toString(); iterator(); multiply(int); isCase(scalar); stream(); empty`,
  set: `
    add(scalar); addAll(sequence); leftShift(scalar); clear(); size(); isEmpty(); asBoolean(); contains(any);
    containsAll(collection); findAll(closure); any(closure); every(closure); find(closure); each(closure);
    collect(closure); count(closure); remove(scalar); plus(collection); minus(collection); toList(); toSet();
    join(text); equals(any); sort(); isCase(scalar); stream(); empty`,
  linked: `
    add(any); addAll(sequence); leftShift(any); size(); isEmpty(); asBoolean(); contains(any); each(closure);
    findAll(closure); any(closure); every(closure); collect(closure); iterator(); get(int); getAt(int); empty`,
  view: `
    size(); isEmpty(); asBoolean(); contains(any); each(closure); find(closure); findAll(closure); any(closure);
    every(closure); collect(closure); toList(); join(text); sum(); flatten()`,
  array: `
    size(); getAt(int); getAt(range); contains(scalar); findAll(closure); any(closure); every(closure); find(closure);
    each(closure); eachWithIndex(closure2); collect(closure); count(closure); findIndexOf(closure); first(); last();
    head(); take(int); drop(int); join(text); join(); toList(); collect(); asBoolean(); isCase(scalar); length`,
  map: `
    get(any); get(any, any); getAt(any); getOrDefault(any, any); containsKey(any); containsValue(scalar);
    put(any, any); putAll(map); plus(map); leftShift(map); remove(any); size(); isEmpty(); asBoolean(); keySet();
    values(); entrySet(); each(closure); each(closure2); find(closure); find(closure2); findAll(closure);
    findAll(closure2); any(closure); any(closure2); every(closure); every(closure2); collect(closure);
    collect(closure2); toString(); equals(any); clone(); isCase(scalar)`,
  range: `
    size(); contains(scalar); each(closure); collect(closure); any(closure); every(closure); find(closure);
    findAll(closure); toList(); isEmpty(); get(int); getAt(int); join(text); sum(); reverse(); isCase(scalar);
    asBoolean()`,
  stream: `
    filter(closure); map(closure); collect(collector); count(); anyMatch(closure); noneMatch(closure);
    allMatch(closure); forEach(closure)`,
  pattern: `
    matcher(text); pattern(); toString(); isCase(text)`,
  matcher: `
    matches(); find(); group(); group(int); getAt(int); getCount(); size(); asBoolean(); count`,
  class: `
    getName(); getTypeName(); getSimpleName(); isInstance(any); equals(any); name; typeName; simpleName`,
  entry: `
    getKey(); getValue(); key; value`,
  throwable: `
    getMessage(); getLocalizedMessage(); toString(); printStackTrace(); message`,
  closure: `
    call(); call(any); call(any, any); doCall(any)`,
  iterator: `
    hasNext(); next(); remove()`,
  invoker: `
    getUrl(); isAvailable(); getInterface(); equals(any); url; available; interface`,
  url: `
    getHost(); getPort(); getAddress(); getServiceInterface(); getParameters(); getParameter(text);
    getParameter(text, text); getParameter(text, null); getParameter(text, int); getParameter(text, long);
    getParameter(text, bool); hasParameter(text); host; port; address; serviceInterface; parameters`,
  params: `
    get(text); getAt(text); getOrDefault(text, any); containsKey(text); isCase(text)`,
  invocation: `
    setAttachment(text, any); getMethodName(); getArguments(); getParameterTypes(); getAttachments();
    getObjectAttachments(); getAttachment(text); getAttachment(text, text); getAttachment(text, null);
    getObjectAttachment(text); getServiceName(); methodName; arguments; parameterTypes; attachments;
    objectAttachments; serviceName`,
  context: `
    setAttachment(text, any); getMethodName(); getArguments(); getParameterTypes(); getAttachments();
    getObjectAttachments(); getAttachment(text); getObjectAttachment(text); getAttachment(text, text);
    getAttachment(text, null); getLocalHost(); methodName; arguments; parameterTypes; attachments; objectAttachments;
    localHost`,
  attachments: `
    get(text); getAt(text); getOrDefault(text, any); containsKey(text); isCase(text)`,
};

/** Rows by receiver: `name(kind, kind)` is a method, `name` a property. */
export const KNOWN_MEMBERS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(TABLE).map(([kind, rows]) => [kind, rows.split(';').map((row) => row.trim())]),
);
