import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** Calls static methods of texts: each argument is `class method text...`, with texts in base64 and `-` for null. */
public class Texts {
  public static void main(String[] questions) throws Exception {
    for (String question : questions) {
      String[] parts = question.split(" ");
      Object[] texts = new Object[parts.length - 2];
      for (int at = 0; at < texts.length; at++) {
        String given = parts[at + 2];
        texts[at] = given.equals("-") ? null : new String(Base64.getDecoder().decode(given.substring(1)), StandardCharsets.UTF_8);
      }
      System.out.println("answer " + find(parts[0], parts[1], texts.length).invoke(null, texts));
    }
  }

  private static Method find(String owner, String name, int count) throws Exception {
    for (Method method : Class.forName(owner).getMethods()) {
      if (!method.getName().equals(name) || method.getParameterCount() != count) continue;
      boolean takesTexts = true;
      for (Class<?> type : method.getParameterTypes()) takesTexts &= type.isAssignableFrom(String.class) && type != Object.class;
      if (takesTexts) return method;
    }
    throw new NoSuchMethodException(owner + "." + name);
  }
}
