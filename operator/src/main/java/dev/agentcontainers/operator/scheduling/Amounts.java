package dev.agentcontainers.operator.scheduling;

import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Whole numbers from quantities that anyone may have written. Never fails, never wraps. Pure. */
final class Amounts {
    private static final BigDecimal MOST = BigDecimal.valueOf(Long.MAX_VALUE);
    private static final Pattern EXPONENT = Pattern.compile("[eE]([+-]?)(\\d+)");
    /** Larger exponents are beyond every long, or nothing; to reckon with them would take memory for each of their digits. */
    private static final int LONGEST_EXPONENT = 3;

    private Amounts() {}

    /** What is reserved, rounded up; the most there is where the quantity can't be read. */
    static long requested(@Nullable Quantity quantity, int unitsInOne) {
        return whole(quantity, unitsInOne, RoundingMode.CEILING, Long.MAX_VALUE);
    }

    /** What is there, rounded down; nothing where the quantity can't be read. */
    static long offered(@Nullable Quantity quantity, int unitsInOne) {
        return whole(quantity, unitsInOne, RoundingMode.FLOOR, 0);
    }

    /** The sum, or the nearest that a long holds. The lowest of all is left out, so that every amount has its negative. */
    static long sum(long first, long second) {
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
        Matcher exponent = EXPONENT.matcher(quantity.getFormat() == null ? "" : quantity.getFormat());
        if (exponent.matches() && exponent.group(2).length() >= LONGEST_EXPONENT) {
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
}
