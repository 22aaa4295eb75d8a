package dev.agentcontainers.protocol.names;

/**
 * What one agent may ask for.
 *
 * @param queriesPerSecond how many questions it may ask each second in the long run
 * @param burst how many at once
 * @param outstanding how many that have no answer yet
 * @param wildcardLabel how long a label may be that a wildcard stands for
 * @param wildcardName how long all that a wildcard stands for may be
 * @param wildcardEntropy hundredths of a bit that each character of a label of 32 or more may carry, as counted from the label
 *     itself: random letters and digits have about 450 and more, hexadecimal digits never more than 400
 * @param wildcardCharactersPerMinute how many characters that wildcards stand for may leave the node in the long run; each
 *     carries five bits at most
 * @param wildcardCharacters how many of those at once
 */
public record NameLimits(
        int queriesPerSecond,
        int burst,
        int outstanding,
        int wildcardLabel,
        int wildcardName,
        int wildcardEntropy,
        int wildcardCharactersPerMinute,
        int wildcardCharacters) {
    public static final NameLimits DEFAULT = new NameLimits(50, 200, 64, 48, 100, 440, 1200, 4000);

    /** @throws IllegalArgumentException naming the limit that is no positive number */
    public NameLimits {
        positive("queriesPerSecond", queriesPerSecond);
        positive("burst", burst);
        positive("outstanding", outstanding);
        positive("wildcardLabel", wildcardLabel);
        positive("wildcardName", wildcardName);
        positive("wildcardEntropy", wildcardEntropy);
        positive("wildcardCharactersPerMinute", wildcardCharactersPerMinute);
        positive("wildcardCharacters", wildcardCharacters);
    }

    private static void positive(String name, int value) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + " is " + value + ", must be 1 or more");
        }
    }
}
