package dev.agentcontainers.egressproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.agentcontainers.egressproxy.relay.AskedHead.Result;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How connections to a proxy begin, whole and a byte at a time. */
class AskedHeadTest {
    private static final String CONNECT = "CONNECT www.example.org:443 HTTP/1.1\r\n";

    private static Result whole(String text) {
        return new AskedHead().read(bytes(text));
    }

    private static ByteBuf bytes(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
    }

    /** The first result that is not to wait. */
    private static Result byteByByte(String text) {
        AskedHead head = new AskedHead();
        ByteBuf received = Unpooled.buffer();
        Result result = new Result.Incomplete();
        for (int i = 0; i < text.length() && result instanceof Result.Incomplete; i++) {
            received.writeByte(text.charAt(i));
            result = head.read(received);
        }
        return result;
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Host: www.example.org\r\n", "Host: www.example.org:443\r\nA: b\r\nC:\r\n"})
    void aConnectIsReadToItsEnd(String headers) {
        String text = CONNECT + headers + "\r\n";
        Result expected = new Result.Whole(new AskedOnward("www.example.org", 443, true, "CONNECT"), text.length());
        assertThat(whole(text)).isEqualTo(expected);
        assertThat(byteByByte(text)).isEqualTo(expected);
        assertThat(whole(text + "\nbehind it")).isEqualTo(expected);
        assertThat(whole(text.substring(0, text.length() - 1))).isEqualTo(new Result.Incomplete());
    }

    @Test
    void aRequestIsReadUpToItsFirstLine() {
        String text = "GET http://www.example.org/a HTTP/1.1\r\nHost: a\nb";
        Result expected = new Result.Whole(new AskedOnward("www.example.org", 80, false, "GET"), 0);
        assertThat(whole(text)).isEqualTo(expected);
        assertThat(byteByByte(text)).isEqualTo(expected);
    }

    /** At once, and not when the line is long enough. */
    @ParameterizedTest
    @ValueSource(strings = {"\n", "\rG", "GET / HTTP/1.1\n", "CONNECT www.example.org:443 HTTP/1.1\n", "\r\r", "a\rb"})
    void linesEndInOneWay(String text) {
        assertThat(whole(text)).isInstanceOf(Result.Unreadable.class);
        assertThat(byteByByte(text)).isInstanceOf(Result.Unreadable.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"A: b\n", "A: b\rC", "\n", "\r\r", "A\r\n\r\n", "A: \u0001\r\n\r\n", "Host: a.b\r\n\r\n"})
    void headersOfAConnectHaveOneMeaning(String headers) {
        assertThat(whole(CONNECT + headers)).isEqualTo(new Result.Unclear());
        assertThat(byteByByte(CONNECT + headers)).isEqualTo(new Result.Unclear());
    }

    /** One thread reads for all agents. */
    @Test
    void whatIsLongCostsNoMoreThanItsLength() {
        assertTimeoutPreemptively(Duration.ofSeconds(5), () -> {
            for (String text : new String[] {
                "G".repeat(30_000),
                "CONNECT " + ".1.11".repeat(5_000) + ":443 HTTP/1.1\r\n\r\n",
                "CONNECT " + "1.1".repeat(2_000) + ":443 HTTP/1.1\r\n\r\n",
                CONNECT + "A: b\r\n".repeat(5_000),
            }) {
                assertThat(whole(text)).as(text.substring(0, 20)).isNotInstanceOf(Result.Whole.class);
                assertThat(byteByByte(text)).as(text.substring(0, 20)).isNotInstanceOf(Result.Whole.class);
            }
            for (String blanks : new String[] {" ", "\t", " x", "x "}) {
                String header = CONNECT + "A:" + blanks.repeat(10_000) + "\u0001\r\n\r\n";
                assertThat(byteByByte(header)).as("'%s'", blanks).isEqualTo(new Result.Unclear());
            }
            assertThat(whole(CONNECT + "A".repeat(20_000) + "\r\n\r\n")).isEqualTo(new Result.Unclear());
            assertThat(AskedOnward.isForAddress("CONNECT " + "1".repeat(8_000) + " HTTP/1.1"))
                    .isTrue();
            assertThat(AskedOnward.isForAddress("CONNECT 1" + ".1".repeat(4_000) + "x HTTP/1.1"))
                    .isFalse();
        });
    }
}
