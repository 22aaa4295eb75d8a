package dev.agentcontainers.cli.copy;

import dev.agentcontainers.cli.streams.AgentProgram;
import dev.agentcontainers.cli.streams.AgentPrograms;
import dev.agentcontainers.cli.terminal.Printable;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.tar.BoundedTar;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;

/**
 * The {@code tar} of an agent, by options that those of GNU, BSD, BusyBox and Toybox have in common. Names are given with {@code
 * ./} before them, so that none is taken for an option.
 *
 * @param agent what it is called in messages
 */
record AgentTar(AgentPrograms programs, String agent) {
    private static final String TAR = "tar";

    /** What may come behind an archive's end: tar fills a record with zeros, of 10 KiB where nobody says otherwise. */
    private static final int MOST_AFTER_END = 1 << 20;

    /** ENOENT, by glibc and musl where the agent has no other language. */
    private static final String NOT_THERE = "No such file or directory";

    private static final int PIECE = 64 << 10;

    /** What is in an agent by a name; links are followed. */
    enum Found {
        FOLDER,
        OTHER,
        NOTHING
    }

    /**
     * Has an archive be written of a path; names in it begin with the path's. Where only a folder can be meant, which may be a
     * link to one, they are those in it.
     */
    AgentProgram pack(GivenPath path, boolean follow) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(TAR, "-c"));
        if (follow) {
            command.add("-h");
        }
        command.addAll(List.of("-f", "-", "-C"));
        command.addAll(path.folder() ? List.of(path.path(), ".") : List.of(path.parent(), "./" + path.name()));
        return programs.start(command, false);
    }

    /**
     * Has an archive be unpacked into a folder that is there. What it makes belongs to the agent's user.
     *
     * @param preserve keep the archive's modes, whatever the user's umask is, and times
     */
    AgentProgram unpack(String folder, boolean preserve) throws IOException, InterruptedException {
        return programs.start(List.of(TAR, "-x", "-o", preserve ? "-p" : "-m", "-f", "-", "-C", folder), true);
    }

    /**
     * What is there, by the first header of an archive of it.
     *
     * @throws UserException where that can't be told, since the agent's user may not read it for example
     */
    Found look(GivenPath path) throws IOException, InterruptedException {
        if (path.isContent()) {
            return Found.FOLDER;
        }
        GivenPath plain = new GivenPath(path.text(), path.parent(), path.name(), false);
        ErrorText errors = new ErrorText();
        try (AgentProgram program = pack(plain, true);
                InputStream output = program.output(errors)) {
            Optional<TarArchiveEntry> first = new BoundedTar(output).next();
            if (first.isPresent()) {
                return first.get().isDirectory() ? Found.FOLDER : Found.OTHER;
            }
            requireEnd(output);
            requireNothing(path, program.exitCode(), errors);
            return Found.NOTHING;
        } catch (ImageException e) {
            throw new UserException("cp: what comes from %s can't be read: %s"
                    .formatted(agent, Printable.text(String.valueOf(e.getMessage()))));
        }
    }

    /** What wrote no header says why: only of what is not there it can be that something is made. */
    private void requireNothing(GivenPath path, int exitCode, ErrorText errors) {
        if (exitCode == 0) {
            throw new UserException("cp: '%s' in %s is neither a file nor a folder%s"
                    .formatted(Printable.text(path.text()), agent, aside(errors)));
        }
        if (!errors.says(NOT_THERE)) {
            throw failed(exitCode, errors);
        }
    }

    /** Reads what there is behind an archive's end, where there may be a little. */
    void requireEnd(InputStream rest) throws IOException {
        if (!endsSoon(rest)) {
            throw new UserException("cp: what comes from %s goes on behind its end".formatted(agent));
        }
    }

    /** Reads on; whether the end came within what may come behind an archive's. */
    static boolean endsSoon(InputStream rest) throws IOException {
        byte[] piece = new byte[PIECE];
        long passed = 0;
        for (int count = rest.read(piece); count >= 0; count = rest.read(piece)) {
            passed += count;
            if (passed > MOST_AFTER_END) {
                return false;
            }
        }
        return true;
    }

    /**
     * Has everything be told that the program had to say though it succeeded, as something that is left out: tar says so of
     * sockets.
     *
     * @throws UserException where it failed
     */
    void requireSuccess(AgentProgram program, ErrorText errors, CopyReport report) {
        if (program.exitCode() != 0) {
            throw failed(program.exitCode(), errors);
        }
        errors.lines().forEach(line -> report.leftOutThere(agent, line));
    }

    /** @param exitCode which is not 0 */
    UserException failed(int exitCode, ErrorText errors) {
        if (errors.saysThatThereIsNo(TAR)) {
            return noTar();
        }
        return new UserException("cp: tar in %s ended with exit code %d%s".formatted(agent, exitCode, said(errors)));
    }

    /** What it had to say, as further lines of a message. */
    static String said(ErrorText errors) {
        List<String> lines = errors.lines();
        return lines.isEmpty() ? ", and did not say why" : ":\n  " + String.join("\n  ", lines);
    }

    /** The same, and nothing where it had nothing to say. */
    static String aside(ErrorText errors) {
        return errors.lines().isEmpty() ? "" : said(errors);
    }

    private UserException noTar() {
        return new UserException(
                ("cp: %s has no program tar, by which files are copied: have its image contain it (package tar), or"
                                + " copy a single file by 'agentctl exec AGENT -- cat FILE'")
                        .formatted(agent));
    }
}
