package dev.agentcontainers.startcache;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Makes the cache of a program that is about to be packed, in the place where it will be looked for.
 *
 * <p>Arguments: role, java, jar, the cache to make, JVM options. Exit code 1 where it can't be made.
 */
public final class MakeCache {
    private static final int FIXED_ARGUMENTS = 4;

    private MakeCache() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        List<String> words = List.of(arguments);
        if (words.size() < FIXED_ARGUMENTS) {
            System.err.println("usage: operator|node-agent JAVA JAR CACHE [JVM-OPTION…]");
            System.exit(2);
        }
        Program program = new Program(
                Program.Role.named(words.get(0)),
                Path.of(words.get(1)).toAbsolutePath(),
                words.subList(FIXED_ARGUMENTS, words.size()),
                Path.of(words.get(2)).toAbsolutePath());
        Path cache = Path.of(words.get(3)).toAbsolutePath();
        try (ScratchFolder scratch = ScratchFolder.in(Path.of(System.getProperty("java.io.tmpdir")))) {
            RehearsalProcess.run(program, scratch.path(), cache);
        } catch (StartCacheException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }
}
