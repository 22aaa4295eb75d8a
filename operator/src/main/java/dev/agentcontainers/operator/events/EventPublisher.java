package dev.agentcontainers.operator.events;

import dev.agentcontainers.operator.logging.LogContext;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes Events on a thread of its own. The same news of the same object within ten minutes is one Event that counts,
 * written again at most once a minute. When more come than can be written, the newest are dropped: Events are a courtesy.
 */
@ApplicationScoped
public class EventPublisher {
    private static final Logger LOG = LoggerFactory.getLogger(EventPublisher.class);
    private static final Duration SERIES = Duration.ofMinutes(10);
    private static final Duration REWRITE = Duration.ofMinutes(1);
    private static final int REMEMBERED = 4096;
    private static final int QUEUED = 1024;
    private static final int NOTE_LIMIT = 1024;

    private final KubernetesClient client;
    private final Clock clock;
    private final Map<Key, Published> recent = new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Published> eldest) {
            return size() > REMEMBERED;
        }
    };
    private final ThreadPoolExecutor thread = new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(QUEUED),
            Thread.ofPlatform().daemon().name("events").factory(),
            new ThreadPoolExecutor.DiscardPolicy());

    public EventPublisher(KubernetesClient client, Clock clock) {
        this.client = client;
        this.clock = clock;
    }

    public void publish(HasMetadata object, EventReason reason, String message) {
        String note = message.length() > NOTE_LIMIT ? message.substring(0, NOTE_LIMIT - 1) + "…" : message;
        Key key = new Key(object.getMetadata().getUid(), reason, note);
        thread.execute(() -> write(object, key));
    }

    @PreDestroy
    void close() {
        thread.shutdownNow();
    }

    private void write(HasMetadata object, Key key) {
        Instant now = clock.instant();
        @Nullable Published before = recent.get(key);
        try (LogContext ignored = LogContext.of(object)) {
            if (before == null || before.first().plus(SERIES).isBefore(now)) {
                Event created = client.resource(event(object, key, now)).create();
                recent.put(key, new Published(created, now, now, 1));
                return;
            }
            Published again = new Published(before.event(), before.first(), before.written(), before.count() + 1);
            if (before.written().plus(REWRITE).isBefore(now)) {
                // With the version that was written: without one the client would read the Event first, which it may
                // not.
                Event counted = new EventBuilder(before.event())
                        .withCount(again.count())
                        .withLastTimestamp(time(now))
                        .build();
                again = new Published(client.resource(counted).update(), before.first(), now, again.count());
            }
            recent.put(key, again);
        } catch (RuntimeException e) {
            // A namespace that is being deleted takes no Events; neither does an API server that is away.
            try (LogContext ignored = LogContext.of(object)) {
                LOG.debug("Event {} was not written", key.reason(), e);
            }
        }
    }

    private static Event event(HasMetadata object, Key key, Instant now) {
        String namespace =
                Optional.ofNullable(object.getMetadata().getNamespace()).orElse("default");
        return new EventBuilder()
                .withNewMetadata()
                .withGenerateName(object.getMetadata().getName() + ".")
                .withNamespace(namespace)
                .endMetadata()
                .withNewInvolvedObject()
                .withApiVersion(object.getApiVersion())
                .withKind(object.getKind())
                .withNamespace(object.getMetadata().getNamespace())
                .withName(object.getMetadata().getName())
                .withUid(object.getMetadata().getUid())
                .endInvolvedObject()
                .withReason(key.reason().name())
                .withMessage(key.message())
                .withType(key.reason().type().name())
                .withNewSource()
                .withComponent("agentcontainers-operator")
                .endSource()
                .withFirstTimestamp(time(now))
                .withLastTimestamp(time(now))
                .withCount(1)
                .build();
    }

    private static String time(Instant instant) {
        return instant.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    private record Key(String uid, EventReason reason, String message) {}

    private record Published(Event event, Instant first, Instant written, int count) {}
}
