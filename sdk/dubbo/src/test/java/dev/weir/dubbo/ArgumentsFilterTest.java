package dev.weir.dubbo;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.Test;

/** The attachments of arguments; weir's own side reads the same vectors. */
public class ArgumentsFilterTest {
    @Test
    public void argumentsAreWrittenAsTheVectorsSay() throws Exception {
        BufferedReader reader = new BufferedReader(new InputStreamReader(
                getClass().getResourceAsStream("/promoted-arguments.tsv"), StandardCharsets.UTF_8));
        List<String> lines = reader.lines().collect(Collectors.toList());
        assertTrue(lines.size() > 20);
        for (String line : lines) {
            String[] cells = line.split("\t", -1);
            Map<String, String> promoted = promote(value(cells[0], cells[1]));
            assertEquals(line, cells[2], promoted.get("weir.t0"));
            assertEquals(line, "-".equals(cells[3]) ? null : cells[3], promoted.get("weir.a0"));
        }
    }

    @Test
    public void classesThatNoRuleTellsApartHaveNoText() {
        for (Object other : new Object[] {new Date(), new int[] {1}, Thread.State.NEW, new StringBuilder("a")}) {
            Map<String, String> promoted = promote(other);
            assertEquals("other", promoted.get("weir.t0"));
            assertEquals(null, promoted.get("weir.a0"));
        }
        assertEquals("java.util.List", promote(Arrays.asList(1)).get("weir.t0"));
        assertEquals("java.util.Map", promote(Collections.emptyMap()).get("weir.t0"));
    }

    @Test
    public void callsThatAreTooLargeGetNone() {
        String longest = new String(new char[1024]).replace('\0', 'x');
        assertEquals(longest, promote(longest).get("weir.a0"));
        assertTrue(promote(longest + "x").isEmpty());
        assertTrue(ArgumentsFilter.promoted(new Class<?>[17], new Object[17]).isEmpty());
        assertEquals("0", ArgumentsFilter.promoted(null, null).get("weir.argc"));
    }

    private static Map<String, String> promote(Object argument) {
        return ArgumentsFilter.promoted(new Class<?>[] {Object.class}, new Object[] {argument});
    }

    private static Object value(String type, String text) {
        switch (type) {
            case "null": return null;
            case "java.lang.Character": return text.charAt(0);
            case "java.lang.Boolean": return Boolean.valueOf(text);
            case "java.lang.Byte": return Byte.valueOf(text);
            case "java.lang.Short": return Short.valueOf(text);
            case "java.lang.Integer": return Integer.valueOf(text);
            case "java.lang.Long": return Long.valueOf(text);
            case "java.lang.Double": return Double.valueOf(text);
            case "java.lang.Float": return Float.valueOf(text);
            case "java.math.BigInteger": return new BigInteger(text);
            case "java.math.BigDecimal": return new BigDecimal(text);
            default: return text;
        }
    }
}
