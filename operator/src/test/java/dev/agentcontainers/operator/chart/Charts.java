package dev.agentcontainers.operator.chart;

import java.nio.file.Path;

/** Where the charts and what they are made from stand in the source tree. */
final class Charts {

    static final Path ROOT = Path.of(System.getProperty("project.root", ".."));
    static final Path API_YAML = ROOT.resolve("crds/yaml");
    static final Path API = ROOT.resolve("helm/agentcontainers-crds");
    static final Path MAIN = ROOT.resolve("helm/agentcontainers");
    static final Path README = ROOT.resolve("helm/README.md");

    private Charts() {}
}
