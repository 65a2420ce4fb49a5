package dev.weir.dubbo;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.dubbo.common.constants.CommonConstants;
import org.apache.dubbo.common.extension.Activate;
import org.apache.dubbo.rpc.Filter;
import org.apache.dubbo.rpc.Invocation;
import org.apache.dubbo.rpc.Invoker;
import org.apache.dubbo.rpc.Result;

/**
 * Writes the arguments of a call as text attachments, by which Envoy can tell calls apart: it reads no arguments. A call with
 * too many or too long ones gets none of them, and Envoy leaves it at the address that the consumer picked.
 * `-Dweir.arguments=false` switches it off.
 */
@Activate(group = CommonConstants.CONSUMER)
public final class ArgumentsFilter implements Filter {
    private static final boolean ON = !"false".equals(System.getProperty("weir.arguments"));
    private static final int MOST_ARGUMENTS = 16;
    private static final int LONGEST_TEXT = 1024;
    /** Enough digits to tell every double from its neighbours. */
    private static final int DOUBLE_DIGITS = 17;

    @Override
    public Result invoke(Invoker<?> invoker, Invocation invocation) {
        if (ON) {
            for (Map.Entry<String, String> entry : promoted(invocation.getParameterTypes(), invocation.getArguments()).entrySet()) {
                invocation.setAttachment(entry.getKey(), entry.getValue());
            }
        }
        return invoker.invoke(invocation);
    }

    /** The attachments of a call; none where it is too large. */
    static Map<String, String> promoted(Class<?>[] types, Object[] given) {
        Object[] arguments = given == null ? new Object[0] : given;
        int parameters = types == null ? 0 : types.length;
        Map<String, String> attachments = new LinkedHashMap<>();
        if (arguments.length > MOST_ARGUMENTS || parameters > MOST_ARGUMENTS) return attachments;
        attachments.put("weir.argc", String.valueOf(arguments.length));
        attachments.put("weir.pc", String.valueOf(parameters));
        for (int i = 0; i < parameters; i++) attachments.put("weir.p" + i, types[i].getName());
        for (int i = 0; i < arguments.length; i++) {
            attachments.put("weir.t" + i, className(arguments[i]));
            String text = text(arguments[i]);
            if (text == null) continue;
            if (text.length() > LONGEST_TEXT) return new LinkedHashMap<>();
            attachments.put("weir.a" + i, text);
        }
        return attachments;
    }

    /** The classes that rules tell apart; every other one is `other`. */
    private static String className(Object value) {
        if (value == null) return "null";
        if (value instanceof List) return "java.util.List";
        if (value instanceof Map) return "java.util.Map";
        return text(value) == null ? "other" : value.getClass().getName();
    }

    private static String text(Object value) {
        if (value instanceof String || value instanceof Character || value instanceof Boolean) return value.toString();
        if (value instanceof Double || value instanceof Float) return real(((Number) value).doubleValue());
        if (value instanceof Integer || value instanceof Long || value instanceof Short || value instanceof Byte) return value.toString();
        if (value == null) return null;
        // Subclasses may say anything of themselves.
        if (value.getClass() == BigInteger.class) return value.toString();
        return value.getClass() == BigDecimal.class ? plain((BigDecimal) value) : null;
    }

    /** The shortest decimal that reads back as this double; Double.toString does not always give it before Java 19. */
    private static String real(double value) {
        if (Double.isNaN(value) || Double.isInfinite(value)) return String.valueOf(value);
        if (value == 0) return 1 / value < 0 ? "-0" : "0";
        BigDecimal exact = new BigDecimal(value);
        for (int digits = 1; digits < DOUBLE_DIGITS; digits++) {
            BigDecimal rounded = exact.round(new MathContext(digits));
            if (rounded.doubleValue() == value) return plain(rounded);
        }
        return plain(exact.round(new MathContext(DOUBLE_DIGITS)));
    }

    /** A decimal without exponent and without a zero too many; null for one that would be huge. */
    private static String plain(BigDecimal value) {
        // Java 8 keeps the zeros of 0.00.
        if (value.signum() == 0) return "0";
        boolean isHuge = (long) value.precision() + Math.abs((long) value.scale()) > LONGEST_TEXT;
        return isHuge ? null : value.stripTrailingZeros().toPlainString();
    }
}
