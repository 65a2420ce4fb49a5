import com.alibaba.fastjson2.JSONArray;
import com.alibaba.fastjson2.JSONObject;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Makes Java values and classes of the typed values and class names that calls carry. */
final class CallValues {
    private static final Map<String, Class<?>> CLASSES = new HashMap<>();
    private static final Beans BEANS = new Beans();

    static Object valueOf(JSONObject typed) {
        String type = typed.getString("t");
        if (type.equals("null")) return null;
        Object raw = typed.get("v");
        String text = String.valueOf(raw);
        switch (type) {
            case "java.lang.String": return text;
            case "java.lang.Integer": return Integer.valueOf(text);
            case "java.lang.Long": return Long.valueOf(text);
            case "java.lang.Short": return Short.valueOf(text);
            case "java.lang.Byte": return Byte.valueOf(text);
            case "java.lang.Double": return Double.valueOf(text);
            case "java.lang.Float": return Float.valueOf(text);
            case "java.lang.Boolean": return Boolean.valueOf(text);
            case "java.lang.Character": return text.charAt(0);
            case "java.math.BigDecimal": return new BigDecimal(text);
            case "java.math.BigInteger": return new BigInteger(text);
            default: break;
        }
        if (raw instanceof JSONArray) {
            List<Object> list = new ArrayList<>();
            for (Object item : (JSONArray) raw) list.add(valueOf((JSONObject) item));
            return list;
        }
        if (type.startsWith("java.util.")) return new LinkedHashMap<>();
        return new Object();
    }

    static Class<?> classOf(String name) {
        return CLASSES.computeIfAbsent(name, key -> {
            switch (key) {
                case "int": return int.class;
                case "long": return long.class;
                case "short": return short.class;
                case "byte": return byte.class;
                case "char": return char.class;
                case "boolean": return boolean.class;
                case "float": return float.class;
                case "double": return double.class;
                default: break;
            }
            if (key.startsWith("[L") && key.endsWith(";")) {
                return java.lang.reflect.Array.newInstance(classOf(key.substring(2, key.length() - 1)), 0).getClass();
            }
            try {
                return Class.forName(key);
            } catch (ClassNotFoundException absent) {
                return BEANS.define(key);
            }
        });
    }

    /** Makes an empty class of any name, for types that only the estate knows. */
    private static final class Beans extends ClassLoader {
        Class<?> define(String name) {
            try {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                DataOutputStream out = new DataOutputStream(bytes);
                out.writeInt(0xCAFEBABE);
                out.writeInt(52);
                out.writeShort(5);
                out.writeByte(7);
                out.writeShort(2);
                out.writeByte(1);
                out.writeUTF(name.replace('.', '/'));
                out.writeByte(7);
                out.writeShort(4);
                out.writeByte(1);
                out.writeUTF("java/lang/Object");
                out.writeShort(0x21);
                out.writeShort(1);
                out.writeShort(3);
                for (int part = 0; part < 4; part++) out.writeShort(0);
                byte[] code = bytes.toByteArray();
                return defineClass(name, code, 0, code.length);
            } catch (IOException impossible) {
                throw new IllegalStateException(impossible);
            }
        }
    }
}
