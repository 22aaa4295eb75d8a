package dev.agentcontainers.cli.copy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A folder of this machine and one that plays the agent's, with copies between them. */
abstract class CopiedFolders {
    static final CopyOptions USUAL = new CopyOptions(false, true);
    static final FileTime THEN = FileTime.fromMillis(1_600_000_000_000L);

    @TempDir
    Path folder;

    final StringWriter said = new StringWriter();
    Path machine;
    Path agent;
    MachinePrograms programs;

    @BeforeEach
    void begin() throws IOException {
        machine = Files.createDirectory(folder.resolve("machine"));
        agent = Files.createDirectory(folder.resolve("agent"));
        programs = new MachinePrograms(agent);
    }

    interface Work {
        void run(AgentTar tar, CopyReport report) throws Exception;
    }

    long run(Work work) throws Exception {
        try (CopyReport report = new CopyReport(new PrintWriter(said, true), false)) {
            work.run(new AgentTar(programs, "team/agent"), report);
            report.finish();
            return report.leftOut();
        }
    }

    long up(String source, String target) throws Exception {
        return up(source, target, USUAL);
    }

    long up(String source, String target, CopyOptions options) throws Exception {
        return run((tar, report) -> new Upload(tar, options, report)
                .files(GivenPath.ofMachine(machine + "/" + source, '/'), GivenPath.ofAgent(target)));
    }

    long down(String source, String target) throws Exception {
        return down(source, target, USUAL);
    }

    long down(String source, String target, CopyOptions options) throws Exception {
        return run((tar, report) -> new Download(tar, options, report)
                .files(GivenPath.ofAgent(source), GivenPath.ofMachine(machine + "/" + target, '/')));
    }

    /** A file {@code f} and a folder {@code d} with {@code d/x} and an empty {@code d/e}. */
    static void furnish(Path root) throws IOException {
        Files.writeString(root.resolve("f"), "file");
        Files.createDirectories(root.resolve("d/e"));
        Files.writeString(root.resolve("d/x"), "in a folder");
    }
}
