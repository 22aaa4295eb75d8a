package dev.agentcontainers.cli;

import dev.agentcontainers.api.v1alpha1.Api;
import picocli.CommandLine.Command;

/** {@code agentctl version}. */
@Command(name = "version", description = "Shows the version of agentctl, of the API and of the JVM.")
final class VersionCommand implements Runnable {
    @Override
    public void run() {
        System.out.println("agentctl: " + Version.text());
        System.out.println("api:      " + Api.GROUP + "/" + Api.VERSION);
        System.out.println("java:     " + Runtime.version());
    }
}
