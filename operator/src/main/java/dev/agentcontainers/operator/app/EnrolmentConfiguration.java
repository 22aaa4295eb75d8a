package dev.agentcontainers.operator.app;

import dev.agentcontainers.operator.enrolment.EnrolmentSettings;
import dev.agentcontainers.protocol.NodeGrant;
import io.fabric8.kubernetes.client.Config;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;

/** The settings of enrolment. */
@ConfigMapping(prefix = "agentcontainers.enrolment")
public interface EnrolmentConfiguration {
    /** The ServiceAccount whose tokens may enrol nodes: system:serviceaccount:namespace:name. */
    Optional<String> serviceAccount();

    /** How node agents reach the API server; by default as the operator does. */
    Optional<URI> apiServer();

    /** How long a node's token is good for; 10 minutes or more. */
    @WithDefault("1h")
    Duration tokenValidity();

    /** How long a node may be off and come back by itself. */
    @WithDefault("7d")
    Duration certificateValidity();

    /** @param config how the operator reaches the API server */
    default EnrolmentSettings settings(Config config) {
        String url = apiServer().map(URI::toString).orElse(config.getMasterUrl());
        return new EnrolmentSettings(
                new NodeGrant.ApiServer(url, authority(config)),
                serviceAccount().map(Set::of).orElseGet(Set::of),
                tokenValidity(),
                certificateValidity());
    }

    private static String authority(Config config) {
        if (config.getCaCertData() != null) {
            return new String(Base64.getDecoder().decode(config.getCaCertData()), StandardCharsets.UTF_8);
        }
        if (config.getCaCertFile() == null) {
            return "";
        }
        try {
            return Files.readString(Path.of(config.getCaCertFile()));
        } catch (IOException e) {
            throw new UncheckedIOException("the API server's authority can't be read", e);
        }
    }
}
