package dev.agentcontainers.cli.run;

import dev.agentcontainers.cli.process.ExternalCommand;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The tests' class path for users who are not root: it may lie in root's home, where others can't read. */
final class ReadableClassPath {
    private ReadableClassPath() {}

    /** A copy in a folder that others can get to. */
    static String in(Path folder) {
        Path copied = folder.resolve("class-path");
        List<String> copies = new ArrayList<>();
        ExternalCommand.of("mkdir", "-p", copied.toString()).run();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            if (!entry.isEmpty() && Files.exists(Path.of(entry))) {
                Path copy = copied.resolve(Integer.toString(copies.size()));
                String target = entry.endsWith(".jar") ? copy + ".jar" : copy.toString();
                ExternalCommand.of("cp", "-rL", entry, target).run();
                copies.add(target);
            }
        }
        ExternalCommand.of("chmod", "-R", "a+rX", copied.toString()).run();
        return String.join(File.pathSeparator, copies);
    }
}
