package dev.agentcontainers.nodeagent.kubernetes;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Remembers the node's membership over restarts, so that agents go on where the API server can't be reached at start. */
public final class MembershipFile {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Path file;

    public MembershipFile(Path file) {
        this.file = file;
    }

    /**
     * What is remembered.
     *
     * @param apiServer the API server's addresses, when its name could last be resolved
     */
    public record Remembered(Membership membership, List<String> apiServer) {
        public Remembered {
            apiServer = List.copyOf(apiServer);
        }
    }

    public Optional<Remembered> read() throws IOException {
        return Files.exists(file)
                ? Optional.of(JSON.readValue(Files.readString(file), Remembered.class))
                : Optional.empty();
    }

    public void write(Remembered remembered) throws IOException {
        PrivateFile.replace(file, JSON.writeValueAsString(remembered));
    }
}
