package dev.agentcontainers.cli.terminal;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads durations as Kubernetes' tools write them: {@code 30s}, {@code 5m}, {@code 2h}, {@code 1h30m}, {@code 7d}. */
public final class DurationConverter implements ITypeConverter<Duration> {
    private static final Pattern FORM =
            Pattern.compile("(?:(\\d{1,6})d)?(?:(\\d{1,6})h)?(?:(\\d{1,6})m)?(?:(\\d{1,9})s)?");

    @Override
    public Duration convert(String text) {
        Matcher matcher = FORM.matcher(text);
        if (matcher.matches()) {
            Duration duration = Duration.ofDays(number(matcher, 1))
                    .plusHours(number(matcher, 2))
                    .plusMinutes(number(matcher, 3))
                    .plusSeconds(number(matcher, 4));
            if (duration.isPositive()) {
                return duration;
            }
        }
        throw new TypeConversionException(
                "'" + text + "' is no duration: give a second or more, as in 30s, 5m, 2h, 1h30m or 7d");
    }

    private static long number(Matcher matcher, int group) {
        String digits = matcher.group(group);
        return digits == null ? 0 : Long.parseLong(digits);
    }
}
