package dev.agentcontainers.policy.http;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * The path of a request in the one form in which it is compared. What two servers could understand as different paths has none: empty
 * segments and dot segments, encoded or not, which some resolve; encoded slashes, backslashes and percent signs, which some decode
 * (again); parameters ({@code ;}), which some leave out; and bytes that are no UTF-8.
 *
 * <p>Sources: RFC 3986, 3.3, 6.2.2 and 6.2.3; RFC 9110, 4.2.3.
 */
public final class RequestPath {
    /** Longer ones are read by hardly any server. */
    public static final int LONGEST = 4096;

    private static final String UNRESERVED = "-._~";
    /** Of those that may stand for themselves; a quotation mark and parameters' semicolon are not among them. */
    private static final String DELIMITERS = "!$&()+,=:@";

    /** May stand for themselves in a request, and mean something else in a rule. */
    private static final String ENCODED_HERE = "'*";

    /** Encoded or not, what these mean depends on who reads them. */
    private static final String AMBIGUOUS = "/\\%;?#";

    private RequestPath() {}

    /**
     * The canonical form: percent-encoded is only what can't stand for itself, in capitals. Empty where there is none.
     *
     * @param path as sent, from the first slash to the end or to the question mark
     */
    public static Optional<String> canonical(String path) {
        if (!path.startsWith("/") || path.length() > LONGEST) {
            return Optional.empty();
        }
        StringBuilder canonical = new StringBuilder();
        ByteBuffer beyondAscii = ByteBuffer.allocate(path.length());
        for (int index = 0; index < path.length(); index++) {
            char character = path.charAt(index);
            boolean encoded = character == '%';
            if (encoded) {
                int value = octet(path, index + 1);
                if (value < 0) {
                    return Optional.empty();
                }
                character = (char) value;
                index += 2;
            }
            if (!append(canonical, character, encoded, beyondAscii)) {
                return Optional.empty();
            }
        }
        String text = canonical.toString();
        return isUtf8(beyondAscii) && !hasDoubtfulSegments(text) ? Optional.of(text) : Optional.empty();
    }

    /** @return false where the character has no one meaning */
    private static boolean append(StringBuilder canonical, char character, boolean encoded, ByteBuffer beyondAscii) {
        if (character >= 0x80) {
            if (!encoded) {
                return false;
            }
            beyondAscii.put((byte) character);
            percent(canonical, character);
            return true;
        }
        if (beyondAscii.position() > 0) {
            // A sequence of UTF-8 does not go on behind a character of ASCII.
            beyondAscii.put((byte) ' ');
        }
        if (isUnreserved(character) || (!encoded && (character == '/' || DELIMITERS.indexOf(character) >= 0))) {
            canonical.append(character);
            return true;
        }
        boolean mayBeEncoded = character > 0x1f && character != 0x7f && AMBIGUOUS.indexOf(character) < 0;
        if (!mayBeEncoded || (!encoded && ENCODED_HERE.indexOf(character) < 0)) {
            return false;
        }
        percent(canonical, character);
        return true;
    }

    private static boolean isUnreserved(char character) {
        return (character >= 'a' && character <= 'z')
                || (character >= 'A' && character <= 'Z')
                || (character >= '0' && character <= '9')
                || UNRESERVED.indexOf(character) >= 0;
    }

    private static void percent(StringBuilder canonical, char octet) {
        canonical
                .append('%')
                .append(Character.toUpperCase(Character.forDigit(octet >> 4, 16)))
                .append(Character.toUpperCase(Character.forDigit(octet & 15, 16)));
    }

    /** What two hexadecimal digits stand for; negative where there are none. */
    private static int octet(String text, int index) {
        if (index + 1 >= text.length()) {
            return -1;
        }
        int high = digit(text.charAt(index));
        int low = digit(text.charAt(index + 1));
        return high < 0 || low < 0 ? -1 : (high << 4) | low;
    }

    /** Digits of other scripts are none. */
    private static int digit(char character) {
        return character < 0x80 ? Character.digit(character, 16) : -1;
    }

    private static boolean hasDoubtfulSegments(String path) {
        return path.contains("//") || (path + "/").contains("/./") || (path + "/").contains("/../");
    }

    private static boolean isUtf8(ByteBuffer bytes) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(bytes.flip());
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }
}
