package dev.agentcontainers.policy.rule;

import dev.agentcontainers.api.v1alpha1.Network.Budget;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * How much passes by a rule, of each agent by itself, both ways together.
 *
 * @param bytes in the agent's life; empty: any number
 * @param rate bytes in a second; empty: any number
 */
public record RuleBudget(OptionalLong bytes, OptionalLong rate) {
    private static final BigDecimal LEAST = BigDecimal.valueOf(1024);
    /** What admission lets pass at most; the kernel reckons rates in nanoseconds. */
    private static final BigDecimal MOST_BYTES = BigDecimal.valueOf(1L << 50);

    private static final BigDecimal MOST_RATE = BigDecimal.valueOf(10_000_000_000L);
    private static final List<String> UNITS = List.of("", "Ki", "Mi", "Gi", "Ti", "Pi");

    /** @throws IllegalArgumentException where admission would have refused it */
    static RuleBudget read(Budget budget) {
        OptionalLong bytes = amount("bytes", budget.bytes(), MOST_BYTES);
        OptionalLong rate = amount("rate", budget.rate(), MOST_RATE);
        if (bytes.isEmpty() && rate.isEmpty()) {
            throw new IllegalArgumentException("needs bytes, rate or both");
        }
        return new RuleBudget(bytes, rate);
    }

    /** Fractions of bytes are not there to be spent. */
    private static OptionalLong amount(String field, @Nullable Quantity quantity, BigDecimal most) {
        if (quantity == null) {
            return OptionalLong.empty();
        }
        BigDecimal amount;
        try {
            amount = Quantity.getAmountInBytes(quantity);
        } catch (ArithmeticException | IllegalArgumentException e) {
            throw new IllegalArgumentException(field + " '" + quantity + "' is no quantity", e);
        }
        if (amount.compareTo(LEAST) < 0 || amount.compareTo(most) > 0) {
            throw new IllegalArgumentException(
                    "%s '%s' must be from 1Ki to %s".formatted(field, quantity, inWords(most.longValue())));
        }
        return OptionalLong.of(amount.setScale(0, RoundingMode.FLOOR).longValueExact());
    }

    /** For example {@code 500Mi}, {@code 10Mi per second} or {@code 500Mi at 10Mi per second}. */
    @Override
    public String toString() {
        String most = bytes.isPresent() ? inWords(bytes.getAsLong()) : "";
        String speed = rate.isPresent() ? inWords(rate.getAsLong()) + " per second" : "";
        return most + (most.isEmpty() || speed.isEmpty() ? "" : " at ") + speed;
    }

    private static String inWords(long bytes) {
        int unit = 0;
        long amount = bytes;
        while (amount != 0 && amount % 1024 == 0 && unit < UNITS.size() - 1) {
            amount /= 1024;
            unit++;
        }
        return amount + UNITS.get(unit) + (unit == 0 ? " bytes" : "");
    }
}
