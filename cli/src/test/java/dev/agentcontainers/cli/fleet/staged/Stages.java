package dev.agentcontainers.cli.fleet.staged;

import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * What is to happen at which stage, told by files: the test writes them, the node agent's process looks for one before and
 * after each call. A kill happens once, so that the process that comes after it passes; a failure lasts until its file goes.
 *
 * @param folder where the files are
 */
public record Stages(Path folder) {
    /** The variable of the environment that names the folder. */
    public static final String FOLDER = "AGENTCONTAINERS_TEST_STAGES";

    private static final String KILL = "kill";
    private static final int SIGKILL = 9;

    /** The process is to be killed at that stage, {@code before-create} for example. */
    public void kill(String stage) throws IOException {
        write(stage, KILL);
    }

    /** The call of that stage is to fail so, until {@link #pass}. */
    public void fail(String stage, SandboxException.Step step, SandboxException.Kind kind, String message)
            throws IOException {
        write(stage, step + "\n" + kind + "\n" + message);
    }

    /** Nothing happens at that stage any more. */
    public void pass(String stage) throws IOException {
        Files.deleteIfExists(folder.resolve(stage));
    }

    /** Whether what was asked for at that stage has not happened yet. */
    public boolean isPending(String stage) {
        return Files.exists(folder.resolve(stage));
    }

    private void write(String stage, String text) throws IOException {
        Path beside = Files.writeString(folder.resolveSibling(stage + ".new"), text);
        Files.move(beside, folder.resolve(stage));
    }

    /** Called in the node agent's process. */
    void reach(String stage) throws SandboxException {
        Path file = folder.resolve(stage);
        try {
            String text = Files.readString(file);
            if (text.equals(KILL)) {
                // The first of several threads takes it.
                Files.delete(file);
                killThisProcess();
            }
            String[] failure = text.split("\n", 3);
            throw new SandboxException(
                    SandboxException.Step.valueOf(failure[0]), SandboxException.Kind.valueOf(failure[1]), failure[2]);
        } catch (NoSuchFileException e) {
            // Nothing is to happen here.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** By the kernel, in the middle of whatever other threads do: no hook runs, no buffer is written. */
    private static void killThisProcess() {
        Linker linker = Linker.nativeLinker();
        try {
            int answer = (int) linker.downcallHandle(
                            linker.defaultLookup().findOrThrow("kill"),
                            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT))
                    .invokeExact(Math.toIntExact(ProcessHandle.current().pid()), SIGKILL);
            throw new IllegalStateException("kill(2) answered " + answer + " and this process lives");
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
