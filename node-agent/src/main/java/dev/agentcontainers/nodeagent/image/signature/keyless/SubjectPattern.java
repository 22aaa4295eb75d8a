package dev.agentcontainers.nodeagent.image.signature.keyless;

import java.util.regex.Pattern;

/**
 * Which subjects of an issuer are meant: one, or all that a pattern fits, whole. In a pattern {@code *} stands for any number of
 * characters but {@code /} and {@code @}, {@code **} for any number of any but {@code @}: what follows the {@code @} of a workflow
 * is a branch or a tag, whose name may have another one and be written like the rest of a pattern. It takes time by its length
 * times the subject's, whatever is in them.
 *
 * @param exact whether the text is a subject itself
 */
public record SubjectPattern(String text, boolean exact) {
    /** Longer ones fit nothing. */
    private static final int LONGEST = 2048;

    private static final String WILDCARD = "*";

    /** What is written out up to the first wildcard, at the least: a host, and whose there. */
    private static final Pattern OF_SOMEBODY = Pattern.compile("[a-z][a-z0-9+.-]*://[^*/@]+/[^*/]+/.*");

    private static final Pattern OF_DOMAIN = Pattern.compile("[^/@]*@[^*/@]+\\.[^*/@]+");
    private static final String RIGHT =
            "what a pattern fits is one's own only if it begins with SCHEME://HOST/OWNER/ written out, as in"
                    + " https://github.com/team/agent/.github/workflows/release.yaml@refs/tags/*, or is *@DOMAIN with the domain"
                    + " written out; * is any number of characters but / and @, ** of any but @";

    /** @throws IllegalArgumentException saying what would be right */
    public static SubjectPattern exactly(String subject) {
        requireWritten(subject);
        if (subject.contains(WILDCARD)) {
            throw new IllegalArgumentException(
                    "'" + subject + "' has a *, and is compared as it is: what has wildcards is a subjectPattern");
        }
        return new SubjectPattern(subject, true);
    }

    /** @throws IllegalArgumentException saying what would be right, for one that would fit almost everybody's too */
    public static SubjectPattern fitting(String pattern) {
        requireWritten(pattern);
        boolean mail = OF_DOMAIN.matcher(pattern).matches() && !pattern.contains("**");
        if (!mail && !OF_SOMEBODY.matcher(pattern).matches()) {
            throw new IllegalArgumentException("'" + pattern + "' would fit strangers' subjects; " + RIGHT);
        }
        if (pattern.contains("***")) {
            throw new IllegalArgumentException("'" + pattern + "' has more than two * in a row; " + RIGHT);
        }
        return new SubjectPattern(pattern, false);
    }

    private static void requireWritten(String text) {
        if (text.isBlank() || !text.equals(text.strip()) || text.length() > LONGEST) {
            throw new IllegalArgumentException(
                    "is '" + text + "'; it is the subject of a certificate, of 1 to " + LONGEST + " characters");
        }
    }

    public boolean fits(String subject) {
        if (subject.length() > LONGEST) {
            return false;
        }
        return exact ? subject.equals(text) : isFitting(subject);
    }

    /** By each part of the pattern: up to which characters of the subject all parts before it may reach. */
    private boolean isFitting(String subject) {
        int length = subject.length();
        boolean[] reached = new boolean[length + 1];
        reached[0] = true;
        for (int i = 0; i < text.length(); i++) {
            boolean[] next = new boolean[length + 1];
            char part = text.charAt(i);
            boolean any = part == '*' && i + 1 < text.length() && text.charAt(i + 1) == '*';
            for (int j = 0; j <= length; j++) {
                if (part == '*') {
                    next[j] = reached[j] || (j > 0 && next[j - 1] && isFreely(any, subject.charAt(j - 1)));
                } else {
                    next[j] = j > 0 && reached[j - 1] && subject.charAt(j - 1) == part;
                }
            }
            reached = next;
            if (any) {
                i++;
            }
        }
        return reached[length];
    }

    private static boolean isFreely(boolean any, char character) {
        return character != '@' && (any || character != '/');
    }

    @Override
    public String toString() {
        return text;
    }
}
