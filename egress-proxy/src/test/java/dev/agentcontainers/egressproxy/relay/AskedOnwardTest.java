package dev.agentcontainers.egressproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AskedOnwardTest {
    @ParameterizedTest
    @CsvSource({
        "CONNECT www.example.org:443 HTTP/1.1, www.example.org, 443, true",
        "CONNECT WWW.example.org:443 HTTP/1.0, www.example.org, 443, true",
        "GET http://www.example.org/a?b HTTP/1.1, www.example.org, 80, false",
        "GET http://www.example.org HTTP/1.1, www.example.org, 80, false",
        "GET HTTP://www.example.org HTTP/1.1, www.example.org, 80, false",
        "POST http://www.example.org:8080/ HTTP/1.1, www.example.org, 8080, false",
    })
    void itIsReadFromTheFirstLine(String line, String name, int port, boolean tunnel) {
        String method = line.substring(0, line.indexOf(' '));
        assertThat(AskedOnward.read(line)).contains(new AskedOnward(name, port, tunnel, method));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CONNECT www.example.org HTTP/1.1",
                "CONNECT www.example.org:0 HTTP/1.1",
                "CONNECT www.example.org:65536 HTTP/1.1",
                "CONNECT www.example.org:99999 HTTP/1.1",
                "CONNECT a@www.example.org:443 HTTP/1.1",
                "CONNECT 10.0.0.1:443 HTTP/1.1",
                "CONNECT [::1]:443 HTTP/1.1",
                "CONNECT http://www.example.org:443 HTTP/1.1",
                "CONNECT www.example.org:443/ HTTP/1.1",
                "CONNECT www.example.org:443 HTTP/2.0",
                "CONNECT  www.example.org:443 HTTP/1.1",
                "GET / HTTP/1.1",
                "GET https://www.example.org/ HTTP/1.1",
                "GET ftp://www.example.org/ HTTP/1.1",
                "GET http://a:b@www.example.org/ HTTP/1.1",
                "GET http://10.0.0.1/ HTTP/1.1",
                "GET http://www.example.org@other.example.org/ HTTP/1.1",
                "GET http://www.example.org/a#b HTTP/1.1",
                "GET http://www.example.org#@other.example.org/ HTTP/1.1",
                "GET http://www.example.org\\@other.example.org/ HTTP/1.1",
                "GET http://www.example.org:080x/ HTTP/1.1",
                "get http://www.example.org/ HTTP/1.1",
                "CONNECT http://www.example.org/ HTTP/1.1",
                "connect www.example.org:443 HTTP/1.1",
                "CONNECT www.example.org:+443 HTTP/1.1",
                "CONNECT www.example.org\t:443 HTTP/1.1",
                "CONNECT www.example.org:443\n HTTP/1.1",
                "CONNECT www.example.org%2eevil:443 HTTP/1.1",
                "CONNECT 2130706433:443 HTTP/1.1",
                "CONNECT 127.1:443 HTTP/1.1",
                "GET http:///a HTTP/1.1",
                "GET http://www.example.org/ a HTTP/1.1",
                "GET\thttp://www.example.org/ HTTP/1.1",
                "",
            })
    void everythingElseIsNone(String line) {
        assertThat(AskedOnward.read(line)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "CONNECT 10.0.0.1:443 HTTP/1.1, true",
        "CONNECT 2130706433:443 HTTP/1.1, true",
        "CONNECT [::1]:443 HTTP/1.1, true",
        "GET http://10.0.0.1/ HTTP/1.1, true",
        "GET http://[fd00::1]:80/a?b HTTP/1.1, true",
        "CONNECT www.example.org:443 HTTP/1.1, false",
        "GET / HTTP/1.1, false",
    })
    void addressesAreKnown(String line, boolean address) {
        assertThat(AskedOnward.isForAddress(line)).isEqualTo(address);
    }
}
