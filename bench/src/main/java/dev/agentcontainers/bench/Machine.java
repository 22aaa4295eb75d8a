package dev.agentcontainers.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What figures depend on: the machine, its load, versions. */
final class Machine {
    private Machine() {}

    static Map<String, String> here() throws IOException, InterruptedException {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("processor", processor() + ", " + Runtime.getRuntime().availableProcessors() + " cores");
        facts.put("memory", first(Path.of("/proc/meminfo"), "MemTotal:"));
        facts.put("kernel", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        facts.put("java", System.getProperty("java.vm.name") + " " + Runtime.version());
        facts.put("runtime", version("crun"));
        facts.put("shim", version("conmon"));
        facts.put("load before", Files.readString(Path.of("/proc/loadavg")).strip());
        return facts;
    }

    private static String processor() throws IOException {
        return first(Path.of("/proc/cpuinfo"), "model name");
    }

    private static String first(Path file, String prefix) throws IOException {
        return Files.readAllLines(file).stream()
                .filter(line -> line.startsWith(prefix))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse("unknown");
    }

    private static String version(String program) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(List.of(program, "--version"))
                    .redirectErrorStream(true)
                    .start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            process.waitFor();
            return output.lines().findFirst().orElse("unknown");
        } catch (IOException e) {
            return "none";
        }
    }
}
