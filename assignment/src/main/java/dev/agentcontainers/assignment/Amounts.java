package dev.agentcontainers.assignment;

import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Whole numbers from quantities that anyone may have written. Never wraps, and reckons with nothing absurdly long. Pure. */
public final class Amounts {
    private static final BigDecimal MOST = BigDecimal.valueOf(Long.MAX_VALUE);
    private static final Pattern EXPONENT = Pattern.compile("[eE]([+-]?)(\\d+)");
    /** Larger exponents are beyond every long, or nothing; to reckon with them would take memory for each of their digits. */
    private static final int LONGEST_EXPONENT = 3;

    private Amounts() {}

    /** What is reserved, rounded up; the most there is where the quantity can't be read. */
    public static long requested(@Nullable Quantity quantity, int unitsInOne) {
        return whole(quantity, unitsInOne, RoundingMode.CEILING, Long.MAX_VALUE);
    }

    /** What is there, rounded down; nothing where the quantity can't be read. */
    public static long offered(@Nullable Quantity quantity, int unitsInOne) {
        return whole(quantity, unitsInOne, RoundingMode.FLOOR, 0);
    }

    /**
     * What is to be enforced, rounded up.
     *
     * @throws IllegalArgumentException where the quantity can't be read, or no long holds it
     */
    public static long exactly(Quantity quantity, int unitsInOne) {
        if (isAbsurd(quantity)) {
            throw new IllegalArgumentException(quantity + " is no amount that can be reckoned with");
        }
        try {
            return quantity.getNumericalAmount()
                    .multiply(BigDecimal.valueOf(unitsInOne))
                    .setScale(0, RoundingMode.CEILING)
                    .longValueExact();
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException(quantity + " is more than can be reckoned with", e);
        }
    }

    /** The sum, or the nearest that a long holds. The lowest of all is left out, so that every amount has its negative. */
    public static long sum(long first, long second) {
        long sum = first + second;
        boolean wrapped = ((first ^ sum) & (second ^ sum)) < 0;
        if (wrapped) {
            return first < 0 ? -Long.MAX_VALUE : Long.MAX_VALUE;
        }
        return Math.max(sum, -Long.MAX_VALUE);
    }

    private static long whole(
            @Nullable Quantity quantity, int unitsInOne, RoundingMode rounding, long whereItCannotBeRead) {
        if (quantity == null) {
            return 0;
        }
        if (isAbsurd(quantity)) {
            return whereItCannotBeRead;
        }
        try {
            BigDecimal amount = quantity.getNumericalAmount().multiply(BigDecimal.valueOf(unitsInOne));
            if (amount.signum() <= 0) {
                return 0;
            }
            return amount.compareTo(MOST) >= 0
                    ? Long.MAX_VALUE
                    : amount.setScale(0, rounding).longValueExact();
        } catch (IllegalArgumentException | ArithmeticException e) {
            return whereItCannotBeRead;
        }
    }

    private static boolean isAbsurd(Quantity quantity) {
        Matcher exponent = EXPONENT.matcher(quantity.getFormat() == null ? "" : quantity.getFormat());
        return exponent.matches() && exponent.group(2).length() >= LONGEST_EXPONENT;
    }
}
