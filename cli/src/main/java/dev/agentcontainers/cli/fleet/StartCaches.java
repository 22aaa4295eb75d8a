package dev.agentcontainers.cli.fleet;

import dev.agentcontainers.cli.terminal.Progress;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.startcache.Program.Role;
import dev.agentcontainers.startcache.StartCache;
import dev.agentcontainers.startcache.StartCacheException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Makes the AOT caches of programs where there are none that fit: once for each build and each JDK. The programs start as
 * well without.
 *
 * @param roles of which programs
 * @param environment {@code AGENTCTL_START_CACHE=off}: no cache is made
 */
public record StartCaches(Programs programs, List<Role> roles, Map<String, String> environment) {
    public StartCaches {
        roles = List.copyOf(roles);
        environment = Map.copyOf(environment);
    }

    public void ensure(Progress progress) {
        List<StartCache> missing = roles.stream()
                .map(programs::startCache)
                .filter(cache -> cache.find().isEmpty())
                .toList();
        if (missing.isEmpty() || "off".equals(environment.get("AGENTCTL_START_CACHE"))) {
            return;
        }
        List<String> failures = progress.step("start caches (once for each build)", () -> make(missing));
        failures.forEach(failure -> progress.note("starting without a cache: " + failure));
    }

    /** All at the same time; what went wrong with those that can't be made. */
    private static List<String> make(List<StartCache> caches) {
        List<String> failures = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Optional<String>>> made = caches.stream()
                    .map(cache -> threads.submit(() -> make(cache)))
                    .toList();
            try {
                for (Future<Optional<String>> each : made) {
                    each.get().ifPresent(failures::add);
                }
            } catch (InterruptedException e) {
                threads.shutdownNow();
                Thread.currentThread().interrupt();
                throw new UserException("interrupted while making the start caches", 130);
            } catch (ExecutionException e) {
                throw new IllegalStateException("a start cache could not be made", e.getCause());
            }
        }
        return failures;
    }

    private static Optional<String> make(StartCache cache) throws InterruptedException {
        try {
            cache.make();
            return Optional.empty();
        } catch (StartCacheException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }
}
