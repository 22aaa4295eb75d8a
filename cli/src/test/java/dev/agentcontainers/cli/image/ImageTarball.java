package dev.agentcontainers.cli.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * An image as {@code docker save} writes it, unpacked with the machine's tar.
 *
 * @param config the image's configuration (OCI Image Format Specification, config.md)
 * @param root its file system, all layers applied; Jib makes no deletions (whiteouts)
 */
record ImageTarball(JsonNode config, Path root) {

    static ImageTarball unpack(Path tarball, Path scratch) throws IOException, InterruptedException {
        Path archive = Files.createDirectories(scratch.resolve("archive"));
        Path root = Files.createDirectories(scratch.resolve("root"));
        run("tar", "-xf", tarball.toString(), "-C", archive.toString());
        ObjectMapper json = new ObjectMapper();
        JsonNode manifest =
                json.readTree(archive.resolve("manifest.json").toFile()).get(0);
        for (JsonNode layer : manifest.get("Layers")) {
            run("tar", "-xpf", archive.resolve(layer.asText()).toString(), "-C", root.toString());
        }
        JsonNode config =
                json.readTree(archive.resolve(manifest.get("Config").asText()).toFile());
        return new ImageTarball(config, root);
    }

    private static void run(String... line) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(line).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(List.of(line) + ": " + output);
        }
    }
}
