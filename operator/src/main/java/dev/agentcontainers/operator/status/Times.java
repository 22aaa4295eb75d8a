package dev.agentcontainers.operator.status;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/** Times in the form of Kubernetes' MicroTime. */
public final class Times {
    private static final DateTimeFormatter MICRO =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

    private Times() {}

    public static String micro(Instant instant) {
        return MICRO.format(instant);
    }
}
