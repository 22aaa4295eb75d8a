package dev.agentcontainers.egressproxy.names;

import static dev.agentcontainers.egressproxy.TestResolver.response;
import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.egressproxy.TestAgent;
import dev.agentcontainers.egressproxy.TestResolver;
import dev.agentcontainers.egressproxy.names.Resolution.Failed;
import dev.agentcontainers.egressproxy.names.Resolution.Found;
import dev.agentcontainers.egressproxy.names.Resolution.NoData;
import dev.agentcontainers.egressproxy.names.Resolution.NoSuchName;
import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;

class AnswerReaderTest {
    private static Message question() throws IOException {
        return TestAgent.question("www.example.org", "A");
    }

    private static Resolution read(String... records) throws IOException {
        Message question = question();
        return AnswerReader.read(
                response(question, records), question.getQuestion().getName());
    }

    @Test
    void findsAddressesInTheirOrder() throws IOException {
        assertThat(read("www.example.org. 60 IN A 192.0.2.2", "www.example.org. 60 IN A 192.0.2.1"))
                .isEqualTo(new Found(List.of("192.0.2.2", "192.0.2.1"), 60));
    }

    @Test
    void followsAliasesOfThisResponseAndTakesTheShortestLife() throws IOException {
        assertThat(read(
                        "b.example.net. 200 IN A 192.0.2.1",
                        "a.example.net. 50 IN CNAME b.example.net.",
                        "www.example.org. 100 IN CNAME a.example.net."))
                .isEqualTo(new Found(List.of("192.0.2.1"), 50));
    }

    @Test
    void takesNothingFromOutsideTheChain() throws IOException {
        assertThat(read(
                        "www.example.org. 60 IN CNAME a.example.net.",
                        "a.example.net. 60 IN A 192.0.2.1",
                        "www.example.org. 60 IN A 192.0.2.66",
                        "other.example.org. 60 IN A 192.0.2.67"))
                .isEqualTo(new Found(List.of("192.0.2.1"), 60));
        Message question = question();
        Message response = response(question);
        response.addRecord(TestResolver.record("www.example.org. 60 IN A 192.0.2.66"), Section.ADDITIONAL);
        response.addRecord(TestResolver.record("www.example.org. 60 IN A 192.0.2.66"), Section.AUTHORITY);
        assertThat(AnswerReader.read(response, question.getQuestion().getName()))
                .isEqualTo(new NoData());
    }

    @Test
    void aliasesThatRunInCirclesOrForEverHaveNoAnswer() throws IOException {
        assertThat(read(
                        "www.example.org. 60 IN CNAME a.example.net.",
                        "a.example.net. 60 IN CNAME www.example.org.",
                        "a.example.net. 60 IN A 192.0.2.1"))
                .isInstanceOf(Failed.class);
        assertThat(read(IntStream.range(0, 20)
                        .mapToObj(i -> "%s 60 IN CNAME %s"
                                .formatted(
                                        i == 0 ? "www.example.org." : "n" + i + ".example.net.",
                                        "n" + (i + 1) + ".example.net."))
                        .toArray(String[]::new)))
                .isInstanceOf(Failed.class);
    }

    @Test
    void anAliasThatLeadsNowhereHasNoAddress() throws IOException {
        assertThat(read("www.example.org. 60 IN CNAME a.example.net.")).isEqualTo(new NoData());
    }

    @Test
    void ipv6AndOtherClassesAndTypesAreNoAddresses() throws IOException {
        assertThat(read(
                        "www.example.org. 60 IN AAAA ::ffff:127.0.0.1",
                        "www.example.org. 60 CH A 192.0.2.1",
                        "www.example.org. 60 IN TXT \"192.0.2.1\""))
                .isEqualTo(new NoData());
    }

    @ParameterizedTest
    @CsvSource({"0, 5", "1, 5", "5, 5", "299, 299", "301, 300", "2147483647, 300"})
    void boundsTheLifeOfAnAnswer(long said, int taken) throws IOException {
        assertThat(read("www.example.org. %d IN A 192.0.2.1".formatted(said)))
                .isEqualTo(new Found(List.of("192.0.2.1"), taken));
    }

    @Test
    void takesAHundredAddressesAtMost() throws IOException {
        String[] records = IntStream.range(0, 1000)
                .mapToObj(i -> "www.example.org. 60 IN A 192.0.%d.%d".formatted(i / 250, i % 250 + 1))
                .toArray(String[]::new);

        assertThat(read(records))
                .isInstanceOfSatisfying(
                        Found.class,
                        found -> assertThat(found.addresses()).hasSize(100).doesNotHaveDuplicates());
    }

    @Test
    void keepsWhatTheNameIsApartFromWhatFailed() throws IOException {
        Message question = question();
        Message response = response(question);
        response.getHeader().setRcode(Rcode.NXDOMAIN);
        assertThat(AnswerReader.read(response, question.getQuestion().getName()))
                .isEqualTo(new NoSuchName());
        response.getHeader().setRcode(Rcode.REFUSED);
        assertThat(AnswerReader.read(response, question.getQuestion().getName()))
                .isEqualTo(new Failed("upstream answers REFUSED"));
    }
}
