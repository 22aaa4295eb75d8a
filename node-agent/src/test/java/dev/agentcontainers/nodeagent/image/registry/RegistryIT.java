package dev.agentcontainers.nodeagent.image.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.image.ContentDescriptor;
import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageDocuments;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.ImageSource;
import dev.agentcontainers.nodeagent.image.ImageSource.GivenContent;
import dev.agentcontainers.nodeagent.image.TestImage;
import dev.agentcontainers.nodeagent.image.TestLayer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against the registry that Docker's is made of, as Debian packages it: what {@link TestRegistry} believes of registries. */
class RegistryIT {
    private static final byte[] LAYER =
            TestLayer.gzip(new TestLayer().file("a", "content").tar());

    @TempDir
    Path folder;

    private LiveRegistry registry;

    @BeforeEach
    void start() throws IOException {
        registry = LiveRegistry.start(folder);
    }

    @AfterEach
    void stop() throws InterruptedException {
        if (registry != null) {
            registry.close();
        }
    }

    private ImageSource source(String password) throws IOException {
        return new RegistryClient(registry.settings())
                .source(ImageReference.parse(registry.host() + "/team/agent:1"), registry.credentials(password));
    }

    @Test
    void givesAnImageWholeAndInPart() throws Exception {
        TestImage image = new TestImage().layer(Digest.of(LAYER), LAYER).built();
        registry.push("team/agent", "1", image);
        ContentDescriptor layer = new ContentDescriptor("", Digest.of(LAYER), LAYER.length);

        ImageSource source = source("secret");
        assertThat(Digest.of(source.manifest("1").content())).isEqualTo(image.manifest());
        assertThat(source.manifest(image.manifest().toString()).declared())
                .contains(ImageDocuments.manifestTypes().get(1));
        for (int offset : new int[] {0, 20}) {
            try (GivenContent content = source.content(layer, offset)) {
                assertThat(content.offset()).isEqualTo(offset);
                assertThat(content.stream().readAllBytes()).isEqualTo(Arrays.copyOfRange(LAYER, offset, LAYER.length));
            }
        }
        assertThatThrownBy(() -> source.manifest("2")).hasMessageContaining("does not exist");
        assertThatThrownBy(() -> source("wrong").manifest("1")).hasMessageContaining("user 'me'");
    }
}
