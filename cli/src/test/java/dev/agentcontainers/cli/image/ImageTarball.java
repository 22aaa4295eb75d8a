package dev.agentcontainers.cli.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * An image in the OCI Image Layout, unpacked with the machine's tar.
 *
 * @param config the image's configuration (OCI Image Format Specification, config.md)
 * @param root its file system, all layers applied; Jib makes no deletions (whiteouts)
 */
record ImageTarball(JsonNode config, Path root) {

    private static final ObjectMapper JSON = new ObjectMapper();

    static ImageTarball unpack(Path tarball, Path scratch) throws IOException, InterruptedException {
        Path archive = Files.createDirectories(scratch.resolve("archive"));
        Path root = Files.createDirectories(scratch.resolve("root"));
        run("tar", "-xf", tarball.toString(), "-C", archive.toString());
        JsonNode index = JSON.readTree(archive.resolve("index.json").toFile());
        JsonNode manifest =
                JSON.readTree(blob(archive, index.get("manifests").get(0)).toFile());
        for (JsonNode layer : manifest.get("layers")) {
            run("tar", "-xpf", blob(archive, layer).toString(), "-C", root.toString());
        }
        return new ImageTarball(
                JSON.readTree(blob(archive, manifest.get("config")).toFile()), root);
    }

    private static Path blob(Path archive, JsonNode descriptor) {
        return archive.resolve("blobs/" + descriptor.get("digest").asText().replace(':', '/'));
    }

    private static void run(String... line) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(line).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(List.of(line) + ": " + output);
        }
    }
}
