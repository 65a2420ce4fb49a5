/**
 * The names of all methods that a class has, on real Groovy 2.4.21 with Java 17: those of the class and those that Groovy
 * adds. Written by scripts/member-names.ts. A name that is not here is surely missing: calling it throws.
 */

/** Names that Groovy adds to every object. */
const OBJECT =
  'addShutdownHook any asBoolean asType collect dump each eachWithIndex equals every find findAll ' +
  'findIndexOf findIndexValues findLastIndexOf findResult getAt getClass getMetaClass ' +
  'getMetaPropertyValues getProperties grep hasProperty hashCode identity inject inspect invokeMethod ' +
  'is isCase iterator metaClass notify notifyAll print printf println putAt respondsTo setMetaClass ' +
  'sleep split sprintf toString use wait with withTraits';

/** Further names, by kind of value. */
const NAMES: Readonly<Record<string, string>> = {
  text:
    'bitwiseNegate capitalize center charAt chars codePointAt codePointBefore codePointCount codePoints ' +
    'collectReplacements compareTo compareToIgnoreCase concat contains contentEquals copyValueOf count ' +
    'decodeBase64 decodeHex denormalize describeConstable drop dropWhile eachLine eachMatch endsWith ' +
    'endsWithAny equalsIgnoreCase execute expand expandLine format formatted getBytes getChars indent ' +
    'indexOf intern isAllWhitespace isBigDecimal isBigInteger isBlank isDouble isEmpty isFloat isInteger ' +
    'isLong isNumber join lastIndexOf leftShift length lines matches minus multiply next normalize ' +
    'numberAwareCompareTo offsetByCodePoints padLeft padRight plus previous readLines regionMatches ' +
    'repeat replace replaceAll replaceFirst resolveConstantDesc reverse size splitEachLine startsWith ' +
    'startsWithAny strip stripIndent stripLeading stripMargin stripTrailing subSequence substring take ' +
    'takeWhile toBigDecimal toBigInteger toBoolean toCharArray toCharacter toDouble toFloat toInteger ' +
    'toList toLong toLowerCase toSet toShort toURI toURL toUpperCase tokenize tr transform ' +
    'translateEscapes trim uncapitalize unexpand unexpandLine valueOf',
  gstring:
    'bitwiseNegate build capitalize center charAt compareTo contains count denormalize drop dropWhile ' +
    'eachLine eachMatch endsWithAny expand expandLine getBytes getChars getProperty getStrings getValue ' +
    'getValueCount getValues isAllWhitespace isBigDecimal isBigInteger isDouble isFloat isInteger isLong ' +
    'isNumber leftShift length matches minus multiply negate next normalize numberAwareCompareTo padLeft ' +
    'padRight plus previous readLines replaceAll replaceFirst reverse setProperty size splitEachLine ' +
    'startsWithAny stripIndent stripMargin subSequence take takeWhile toBigDecimal toBigInteger toDouble ' +
    'toFloat toInteger toList toLong toSet toShort toURI toURL tokenize tr uncapitalize unexpand ' +
    'unexpandLine writeTo',
  int:
    'abs and bitCount bitwiseNegate byteValue compare compareTo compareUnsigned decode describeConstable ' +
    'div divideUnsigned doubleValue downto floatValue getInteger highestOneBit intValue intdiv leftShift ' +
    'longValue lowestOneBit max min minus mod multiply next numberAwareCompareTo numberOfLeadingZeros ' +
    'numberOfTrailingZeros or parseInt parseUnsignedInt plus power previous remainderUnsigned ' +
    'resolveConstantDesc reverse reverseBytes rightShift rightShiftUnsigned rotateLeft rotateRight ' +
    'shortValue signum step sum times toBigDecimal toBigInteger toBinaryString toDouble toFloat ' +
    'toHexString toInteger toLong toOctalString toUnsignedLong toUnsignedString unaryMinus unaryPlus upto ' +
    'valueOf xor',
  long:
    'abs and bitCount bitwiseNegate byteValue compare compareTo compareUnsigned decode describeConstable ' +
    'div divideUnsigned doubleValue downto floatValue getLong highestOneBit intValue intdiv leftShift ' +
    'longValue lowestOneBit max min minus mod multiply next numberAwareCompareTo numberOfLeadingZeros ' +
    'numberOfTrailingZeros or parseLong parseUnsignedLong plus power previous remainderUnsigned ' +
    'resolveConstantDesc reverse reverseBytes rightShift rightShiftUnsigned rotateLeft rotateRight ' +
    'shortValue signum step sum times toBigDecimal toBigInteger toBinaryString toDouble toFloat ' +
    'toHexString toInteger toLong toOctalString toUnsignedString unaryMinus unaryPlus upto valueOf xor',
  short:
    'abs and bitwiseNegate byteValue compare compareTo compareUnsigned decode describeConstable div ' +
    'doubleValue downto floatValue intValue intdiv leftShift longValue minus mod multiply next ' +
    'numberAwareCompareTo or parseShort plus power previous reverseBytes rightShift rightShiftUnsigned ' +
    'shortValue step times toBigDecimal toBigInteger toDouble toFloat toInteger toLong toUnsignedInt ' +
    'toUnsignedLong unaryMinus unaryPlus upto valueOf xor',
  byte:
    'abs and bitwiseNegate byteValue compare compareTo compareUnsigned decode describeConstable div ' +
    'doubleValue downto floatValue intValue intdiv leftShift longValue minus mod multiply next ' +
    'numberAwareCompareTo or parseByte plus power previous rightShift rightShiftUnsigned shortValue step ' +
    'times toBigDecimal toBigInteger toDouble toFloat toInteger toLong toUnsignedInt toUnsignedLong ' +
    'unaryMinus unaryPlus upto valueOf xor',
  double:
    'abs and bitwiseNegate byteValue compare compareTo describeConstable div doubleToLongBits ' +
    'doubleToRawLongBits doubleValue downto floatValue intValue intdiv isFinite isInfinite isNaN ' +
    'leftShift longBitsToDouble longValue max min minus mod multiply next numberAwareCompareTo or ' +
    'parseDouble plus power previous resolveConstantDesc rightShift rightShiftUnsigned round shortValue ' +
    'step sum times toBigDecimal toBigInteger toDouble toFloat toHexString toInteger toLong trunc ' +
    'unaryMinus unaryPlus upto valueOf xor',
  float:
    'abs and bitwiseNegate byteValue compare compareTo describeConstable div doubleValue downto ' +
    'floatToIntBits floatToRawIntBits floatValue intBitsToFloat intValue intdiv isFinite isInfinite isNaN ' +
    'leftShift longValue max min minus mod multiply next numberAwareCompareTo or parseFloat plus power ' +
    'previous resolveConstantDesc rightShift rightShiftUnsigned round shortValue step sum times ' +
    'toBigDecimal toBigInteger toDouble toFloat toHexString toInteger toLong trunc unaryMinus unaryPlus ' +
    'upto valueOf xor',
  dec:
    'abs add and bitwiseNegate byteValue byteValueExact compareTo div divide divideAndRemainder ' +
    'divideToIntegralValue doubleValue downto floatValue intValue intValueExact intdiv leftShift ' +
    'longValue longValueExact max min minus mod movePointLeft movePointRight multiply negate next ' +
    'numberAwareCompareTo or plus pow power precision previous remainder rightShift rightShiftUnsigned ' +
    'round scale scaleByPowerOfTen setScale shortValue shortValueExact signum sqrt step ' +
    'stripTrailingZeros subtract times toBigDecimal toBigInteger toBigIntegerExact toDouble ' +
    'toEngineeringString toFloat toInteger toLong toPlainString ulp unaryMinus unaryPlus unscaledValue ' +
    'upto valueOf xor',
  bigint:
    'abs add and andNot bitCount bitLength bitwiseNegate byteValue byteValueExact clearBit compareTo div ' +
    'divide divideAndRemainder doubleValue downto flipBit floatValue gcd getLowestSetBit intValue ' +
    'intValueExact intdiv isProbablePrime leftShift longValue longValueExact max min minus mod modInverse ' +
    'modPow multiply negate next nextProbablePrime not numberAwareCompareTo or plus pow power previous ' +
    'probablePrime remainder rightShift rightShiftUnsigned setBit shiftLeft shiftRight shortValue ' +
    'shortValueExact signum sqrt sqrtAndRemainder step subtract testBit times toBigDecimal toBigInteger ' +
    'toByteArray toDouble toFloat toInteger toLong unaryMinus unaryPlus upto valueOf xor',
  bool:
    'and booleanValue compare compareTo describeConstable getBoolean implies logicalAnd logicalOr ' +
    'logicalXor numberAwareCompareTo or parseBoolean toBoolean valueOf xor',
  char:
    'charCount charValue codePointAt codePointBefore codePointCount codePointOf compare compareTo ' +
    'describeConstable digit div forDigit getDirectionality getName getNumericValue getType highSurrogate ' +
    'intdiv isAlphabetic isBmpCodePoint isDefined isDigit isHighSurrogate isISOControl ' +
    'isIdentifierIgnorable isIdeographic isJavaIdentifierPart isJavaIdentifierStart isJavaLetter ' +
    'isJavaLetterOrDigit isLetter isLetterOrDigit isLowSurrogate isLowerCase isMirrored isSpace ' +
    'isSpaceChar isSupplementaryCodePoint isSurrogate isSurrogatePair isTitleCase isUnicodeIdentifierPart ' +
    'isUnicodeIdentifierStart isUpperCase isValidCodePoint isWhitespace lowSurrogate minus multiply next ' +
    'numberAwareCompareTo offsetByCodePoints plus previous reverseBytes toChars toCodePoint toLowerCase ' +
    'toTitleCase toUpperCase valueOf',
  list:
    'add addAll asCollection asImmutable asList asSynchronized clear clone collate collectEntries ' +
    'collectMany collectNested combinations contains containsAll count countBy disjoint drop dropRight ' +
    'dropWhile eachCombination eachPermutation ensureCapacity execute findResults first flatten forEach ' +
    'get getIndices groupBy head indexOf indexed init intersect isEmpty join last lastIndexOf leftShift ' +
    'listIterator max min minus multiply permutations plus pop push remove removeAll removeAt ' +
    'removeElement removeIf replaceAll retainAll reverse reverseEach set size sort spliterator subList ' +
    'subsequences sum swap tail take takeRight takeWhile toArray toList toListString toSet toSorted ' +
    'toSpreadMap toUnique transpose trimToSize unique withDefault withEagerDefault withIndex ' +
    'withLazyDefault',
  set:
    'add addAll asCollection asImmutable asList asSynchronized clear clone collate collectEntries ' +
    'collectMany collectNested combinations contains containsAll count countBy disjoint drop dropRight ' +
    'dropWhile eachCombination eachPermutation findResults first flatten getIndices groupBy head indexed ' +
    'init intersect isEmpty join last leftShift max min minus multiply permutations plus remove removeAll ' +
    'removeElement retainAll size sort spliterator sum tail take takeRight takeWhile toArray toList ' +
    'toListString toSet toSorted toSpreadMap toUnique unique withIndex',
  map:
    'asImmutable asSynchronized clear clone collectEntries collectMany compute computeIfAbsent ' +
    'computeIfPresent containsKey containsValue count countBy drop dropWhile entrySet findResults forEach ' +
    'get getOrDefault groupBy groupEntriesBy intersect isEmpty keySet leftShift max merge min minus plus ' +
    'put putAll putIfAbsent remove replace replaceAll reverseEach size sort spread subMap take takeWhile ' +
    'toMapString toSorted toSpreadMap values withDefault',
  range:
    'add addAll asCollection asImmutable asList asSynchronized clear collate collectEntries collectMany ' +
    'collectNested combinations contains containsAll containsWithinBounds count countBy disjoint drop ' +
    'dropRight dropWhile eachCombination eachPermutation execute findResults first flatten get getFrom ' +
    'getFromInt getInclusive getIndices getTo getToInt groupBy head indexOf indexed init intersect ' +
    'isEmpty isReverse join last lastIndexOf leftShift listIterator max min minus multiply permutations ' +
    'plus pop push remove removeAll removeAt removeElement retainAll reverse reverseEach set size sort ' +
    'step subList subListBorders subsequences sum swap tail take takeRight takeWhile toArray toList ' +
    'toListString toSet toSorted toSpreadMap toUnique transpose unique withDefault withEagerDefault ' +
    'withIndex withLazyDefault',
  array:
    'collectEntries collectMany contains count countBy drop dropRight dropWhile first flatten getIndices ' +
    'groupBy head init join last max min minus plus reverse reverseEach size sort sum swap tail take ' +
    'takeRight takeWhile toArrayString toList toSorted toSpreadMap toUnique',
  null: 'clone getNullObject getProperty plus setProperty',
  script: 'evaluate getBinding getProperty run setBinding setProperty',
};

/** Names that a class has from an interface, and names that collections and texts have since Java 21. */
const INHERITED: Readonly<Record<string, string>> = {
  list:
    'stream parallelStream forEach removeIf replaceAll sort toArray getFirst getLast addFirst addLast removeFirst ' +
    'removeLast reversed',
  set: 'stream parallelStream forEach removeIf toArray getFirst getLast addFirst addLast removeFirst removeLast reversed',
  range:
    'spliterator stream parallelStream forEach removeIf replaceAll sort toArray getFirst getLast addFirst addLast removeFirst ' +
    'removeLast reversed',
  map:
    'firstEntry lastEntry pollFirstEntry pollLastEntry putFirst putLast reversed sequencedEntrySet sequencedKeySet ' +
    'sequencedValues',
  text: 'splitWithDelimiters',
};

const OBJECT_NAMES = new Set(OBJECT.split(' '));
const BY_KIND = new Map(
  Object.entries(NAMES).map(([kind, names]) => [kind, new Set(`${names} ${INHERITED[kind] ?? ''}`.split(' '))]),
);

/** Whether values of a kind surely have no method of this name. Kinds that are not listed may have any. */
export function lacksMethod(kind: string, name: string): boolean {
  // A GString passes a call that it does not know to its text.
  if (kind === 'gstring' && !lacksMethod('text', name)) return false;
  const own = BY_KIND.get(kind);
  return own !== undefined && !own.has(name) && !OBJECT_NAMES.has(name);
}

// Groovy reads fields of the class as well, private ones too.
const FIELDS = new Set(
  'properties value hash coder hashIsZero intVal scale precision stringCache intCompact signum mag size'.split(' '),
);

/** Whether values of a kind surely have no property of this name: neither a getter nor what Groovy adds. */
export function lacksProperty(kind: string, name: string): boolean {
  if (kind === 'list' || kind === 'set' || kind === 'map' || kind === 'range' || kind === 'array') return false;
  const upper = name.charAt(0).toUpperCase() + name.slice(1);
  return (
    BY_KIND.has(kind) &&
    !FIELDS.has(name) &&
    /^[a-z]/.test(name) &&
    !['get', 'is'].some((prefix) => !lacksMethod(kind, prefix + upper))
  );
}
