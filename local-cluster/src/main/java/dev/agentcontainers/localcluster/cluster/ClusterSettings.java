package dev.agentcontainers.localcluster.cluster;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.localcluster.ControlPlaneOptions;
import dev.agentcontainers.localcluster.certificates.PrivateFiles;
import dev.agentcontainers.localcluster.process.LoopbackPorts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a cluster keeps from one start to the next.
 *
 * @param binaries the folder of its executables
 * @param apiServerPort on 127.0.0.1, as the others
 * @param apiServerArguments the caller's own
 */
record ClusterSettings(
        Path binaries,
        int apiServerPort,
        int etcdPort,
        int etcdPeerPort,
        boolean auditLog,
        List<String> apiServerArguments) {

    private static final int API_SERVER = 0;
    private static final int ETCD = 1;
    private static final int ETCD_PEER = 2;

    ClusterSettings {
        apiServerArguments = List.copyOf(apiServerArguments);
    }

    /** For a new cluster: the port that the caller wants, free ones else. */
    static ClusterSettings create(Path binaries, ControlPlaneOptions options) {
        int[] free = LoopbackPorts.free(ETCD_PEER + 1);
        return new ClusterSettings(
                binaries,
                options.apiServerPort().orElse(free[API_SERVER]),
                free[ETCD],
                free[ETCD_PEER],
                options.auditLog(),
                options.apiServerArguments());
    }

    /** For another start of this cluster: its ports stay, unless the caller wants another. */
    ClusterSettings restarted(Path newBinaries, ControlPlaneOptions options) {
        return new ClusterSettings(
                newBinaries,
                options.apiServerPort().orElse(apiServerPort),
                etcdPort,
                etcdPeerPort,
                options.auditLog(),
                options.apiServerArguments());
    }

    URI apiServer() {
        return URI.create("https://127.0.0.1:" + apiServerPort);
    }

    static Optional<ClusterSettings> read(ClusterFolder folder) {
        if (!Files.exists(folder.settings())) {
            return Optional.empty();
        }
        try {
            return Optional.of(new ObjectMapper().readValue(folder.settings().toFile(), ClusterSettings.class));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + folder.settings(), e);
        }
    }

    void write(ClusterFolder folder) {
        try {
            PrivateFiles.write(folder.settings(), new ObjectMapper().writeValueAsString(this));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + folder.settings(), e);
        }
    }
}
