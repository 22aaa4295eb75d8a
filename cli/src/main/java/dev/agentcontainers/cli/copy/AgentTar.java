package dev.agentcontainers.cli.copy;

import dev.agentcontainers.cli.streams.AgentProgram;
import dev.agentcontainers.cli.streams.AgentPrograms;
import dev.agentcontainers.cli.terminal.Printable;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.tar.BoundedTar;
import java.io.IOException;
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

    /** What is in an agent by a name; links are followed. */
    enum Found {
        FOLDER,
        OTHER,
        /** Also where the agent's user may not read it. */
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

    /** What is there, by the first header of an archive of it. */
    Found look(GivenPath path) throws IOException, InterruptedException {
        if (path.isContent()) {
            return Found.FOLDER;
        }
        GivenPath plain = new GivenPath(path.text(), path.parent(), path.name(), false);
        ErrorText errors = new ErrorText();
        try (AgentProgram program = pack(plain, true)) {
            Optional<TarArchiveEntry> first = new BoundedTar(program.output(errors)).next();
            if (first.isEmpty() && errors.saysThatThereIsNo(TAR)) {
                throw noTar();
            }
            return first.map(entry -> entry.isDirectory() ? Found.FOLDER : Found.OTHER)
                    .orElse(Found.NOTHING);
        } catch (ImageException e) {
            throw new UserException("cp: what comes from %s can't be read: %s"
                    .formatted(agent, Printable.text(String.valueOf(e.getMessage()))));
        }
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

    private UserException noTar() {
        return new UserException(
                ("cp: %s has no program tar, by which files are copied: have its image contain it (package tar), or"
                                + " copy a single file by 'agentctl exec AGENT -- cat FILE'")
                        .formatted(agent));
    }
}
