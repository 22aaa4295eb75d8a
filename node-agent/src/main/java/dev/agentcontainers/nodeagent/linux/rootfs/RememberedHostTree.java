package dev.agentcontainers.nodeagent.linux.rootfs;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Remembers what the host's directories hold for as long as they have not changed, since every start looks at the same
 * ones. What is remembered of permissions may be a minute old, which shows or leaves out a name: whether it can be read
 * the kernel decides anew at each access. Thread-safe.
 */
public final class RememberedHostTree {
    private static final int MOST_DIRECTORIES = 1000;

    /** A change in the same tick of the kernel's clock as an earlier one leaves the time of change as it was. */
    private static final Duration SETTLED = Duration.ofSeconds(1);

    private static final Duration LONGEST = Duration.ofMinutes(1);

    private final HostTree host;
    private final InstantSource clock;
    private final Map<String, Directory> directories = new ConcurrentHashMap<>();

    public RememberedHostTree(HostTree host, InstantSource clock) {
        this.host = host;
        this.clock = clock;
    }

    /** The tree for one plan: what it is told of a directory is of one moment. For one thread. */
    public HostTree now() {
        return new OnePlan();
    }

    /** What was seen of a directory. */
    private static final class Directory {
        private final Optional<Instant> changedAt;
        private final Instant seenAt;
        private final Map<String, Optional<HostTree.Entry>> entries = new ConcurrentHashMap<>();
        private volatile @Nullable List<String> children;

        Directory(Optional<Instant> changedAt, Instant seenAt) {
            this.changedAt = changedAt;
            this.seenAt = seenAt;
        }
    }

    private final class OnePlan implements HostTree {
        private final Map<String, Directory> seen = new HashMap<>();

        @Override
        public Optional<Entry> look(String path) {
            int separator = path.lastIndexOf('/');
            return directory(separator == 0 ? "/" : path.substring(0, separator))
                    .entries
                    .computeIfAbsent(path.substring(separator + 1), _ -> host.look(path));
        }

        @Override
        public List<String> children(String path) {
            Directory directory = directory(path);
            List<String> known = directory.children;
            if (known == null) {
                known = host.children(path);
                directory.children = known;
            }
            return known;
        }

        @Override
        public Optional<Instant> changedAt(String path) {
            return directory(path).changedAt;
        }

        private Directory directory(String path) {
            return seen.computeIfAbsent(path, this::remembered);
        }

        private Directory remembered(String path) {
            Instant now = clock.instant();
            // Before anything in it is looked at: what changes later makes this time another.
            Optional<Instant> changedAt = host.changedAt(path);
            Directory known = directories.get(path);
            if (known != null && known.changedAt.equals(changedAt) && now.isBefore(known.seenAt.plus(LONGEST))) {
                return known;
            }
            Directory fresh = new Directory(changedAt, now);
            if (changedAt.filter(now.minus(SETTLED)::isAfter).isPresent()) {
                if (directories.size() >= MOST_DIRECTORIES) {
                    directories.clear();
                }
                directories.put(path, fresh);
            } else {
                directories.remove(path);
            }
            return fresh;
        }
    }
}
