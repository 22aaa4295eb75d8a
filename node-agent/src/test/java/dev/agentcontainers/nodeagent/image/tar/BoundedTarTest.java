package dev.agentcontainers.nodeagent.image.tar;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import dev.agentcontainers.nodeagent.image.TestLayer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BoundedTarTest {
    private static BoundedTar of(TestLayer archive) {
        return new BoundedTar(new ByteArrayInputStream(archive.tar()));
    }

    /** Headers for all further entries, before each of them. */
    private static TestLayer withGlobal(int entries, int length) {
        TestLayer archive = new TestLayer();
        for (int i = 0; i < entries; i++) {
            archive.globalAttributes(Map.of("comment" + i, "x".repeat(length))).file("f" + i, "content");
        }
        return archive;
    }

    private static void readAll(BoundedTar tar) throws IOException {
        while (tar.next().isPresent()) {
            // What nobody wants.
        }
    }

    @Test
    void headersForAllEntriesHaveOneLimitTogether() throws IOException {
        readAll(of(withGlobal(20, 1000)));
        assertThatThrownBy(() -> readAll(of(withGlobal(20, 10_000))))
                .isInstanceOfSatisfying(
                        ImageException.class, e -> assertThat(e.kind()).isEqualTo(Kind.UNUSABLE))
                .hasMessageContaining("headers for all of its entries of more than 65536 bytes");
    }

    @Test
    void contentThatNobodyReadsIsPassedOver() throws IOException {
        BoundedTar tar = of(new TestLayer().file("a", new byte[200_000], 0644).file("b", "x"));

        assertThat(tar.next())
                .hasValueSatisfying(entry -> assertThat(entry.getName()).isEqualTo("a"));
        assertThat(tar.next())
                .hasValueSatisfying(entry -> assertThat(entry.getName()).isEqualTo("b"));
        assertThat(tar.next()).isEmpty();
        assertThat(tar.next()).isEmpty();
    }

    @Test
    void holesThatNobodyReadsAreRefused() throws IOException {
        BoundedTar tar =
                of(new TestLayer().hole(Integer.MAX_VALUE).file("a", "").file("b", ""));
        tar.next();

        assertThatThrownBy(tar::next).isInstanceOf(ImageException.class).hasMessageContaining("sparse");
    }

    /** Each piece is a call within a call: a stack would not hold as many as fit into a read. */
    @Test
    void aSparseFileOfManyPiecesIsRead() throws IOException {
        int pieces = 30_000;
        String map = IntStream.range(0, pieces)
                .mapToObj(piece -> (2 * piece + 1) + ",1")
                .collect(Collectors.joining(","));
        byte[] content = "x".repeat(pieces).getBytes(UTF_8);
        BoundedTar tar = of(new TestLayer()
                .attributes(Map.of("GNU.sparse.size", Integer.toString(2 * pieces), "GNU.sparse.map", map))
                .file("a", content, 0644)
                .file("b", ""));
        tar.next();
        byte[] target = new byte[64 << 10];

        assertThat(tar.read(target)).isEqualTo(2 * pieces);
        assertThat(target[2 * pieces - 2]).isZero();
        assertThat(target[2 * pieces - 1]).isEqualTo((byte) 'x');
        assertThat(tar.read(target)).isEqualTo(-1);
        assertThat(tar.next()).isPresent();
    }

    @Test
    void aThreadThatIsInterruptedStops() throws IOException {
        BoundedTar tar = of(new TestLayer().hole(Integer.MAX_VALUE).file("a", ""));
        tar.next();
        Thread.currentThread().interrupt();

        assertThatThrownBy(() -> tar.read(new byte[10])).isInstanceOf(InterruptedIOException.class);
        assertThatThrownBy(tar::next).isInstanceOf(InterruptedIOException.class);
        assertThat(Thread.interrupted()).isTrue();
    }
}
