package dev.agentcontainers.cli.fleet.staged;

import dev.agentcontainers.nodeagent.platform.Platform;
import java.io.IOException;
import java.net.URL;
import java.util.Arrays;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;

/**
 * Runs the main class that its first argument names with the {@link StagedPlatform}, although the jar of it stands behind the
 * program's own on the class path; in front of it, the JVM could not use the program's cache, and each start would take
 * seconds.
 */
public final class StagedMain {
    private static final String PLATFORMS = "META-INF/services/" + Platform.class.getName();

    private StagedMain() {}

    public static void main(String[] arguments) throws ReflectiveOperationException {
        Thread.currentThread().setContextClassLoader(new LastPlatformFirst(StagedMain.class.getClassLoader()));
        Class.forName(arguments[0]).getMethod("main", String[].class).invoke(null, (Object)
                Arrays.copyOfRange(arguments, 1, arguments.length));
    }

    /** All is its parent's, but that of the files that name a platform the last one comes first. */
    private static final class LastPlatformFirst extends ClassLoader {
        LastPlatformFirst(ClassLoader parent) {
            super(parent);
        }

        @Override
        public Enumeration<URL> getResources(String name) throws IOException {
            if (!name.equals(PLATFORMS)) {
                return super.getResources(name);
            }
            List<URL> files = Collections.list(super.getResources(name));
            return Collections.enumeration(files.reversed());
        }
    }
}
