package dev.agentcontainers.bench.statuspath;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Processor time of child processes by the name of their executable, from {@code /proc/PID/stat} (proc(5)). */
final class ProcessorTime {
    private static final int TICKS_PER_SECOND = 100;
    private static final int USER_TICKS = 11;

    private final Map<String, Long> pids = new LinkedHashMap<>();

    /** @param operator the operator's process, which runs as {@code java} as others do */
    ProcessorTime(Process operator) {
        pids.put("operator", operator.pid());
        ProcessHandle.current()
                .descendants()
                .forEach(process -> process.info()
                        .command()
                        .map(command -> Path.of(command).getFileName().toString())
                        .filter(List.of("kube-apiserver", "etcd")::contains)
                        .ifPresent(name -> pids.put(name, process.pid())));
    }

    Map<String, Duration> now() throws IOException {
        Map<String, Duration> times = new LinkedHashMap<>();
        for (Map.Entry<String, Long> each : pids.entrySet()) {
            String stat = Files.readString(Path.of("/proc", each.getValue().toString(), "stat"));
            // The name, in parentheses, may hold spaces.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            long ticks = Long.parseLong(fields[USER_TICKS]) + Long.parseLong(fields[USER_TICKS + 1]);
            times.put(each.getKey(), Duration.ofMillis(ticks * 1000 / TICKS_PER_SECOND));
        }
        return times;
    }
}
