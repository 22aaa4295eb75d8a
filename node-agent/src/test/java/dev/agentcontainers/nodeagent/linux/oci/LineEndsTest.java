package dev.agentcontainers.nodeagent.linux.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LineEndsTest {
    /** However many bytes are asked for at once. */
    @ParameterizedTest
    @CsvSource(
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "'',''",
                "out\\n,out\\r\\n",
                "out\\r\\n,out\\r\\n",
                "\\n\\n,\\r\\n\\r\\n",
                "a\\rb\\n,a\\rb\\r\\n",
                "\\r\\r\\n,\\r\\r\\n"
            })
    void eachLineFeedHasOneCarriageReturn(String written, String shown) throws Exception {
        for (int most = 1; most < 9; most++) {
            LineEnds lines = new LineEnds(new ByteArrayInputStream(bytes(written)));
            ByteArrayOutputStream read = new ByteArrayOutputStream();
            byte[] buffer = new byte[most];
            for (int count = lines.read(buffer); count >= 0; count = lines.read(buffer)) {
                read.write(buffer, 0, count);
            }
            assertThat(read.toByteArray()).as("by " + most).isEqualTo(bytes(shown));
        }
    }

    private static byte[] bytes(String text) {
        return text.translateEscapes().getBytes(UTF_8);
    }
}
