package dev.agentcontainers.egressproxy;

import static dev.agentcontainers.egressproxy.NameServerTest.addresses;
import static dev.agentcontainers.egressproxy.TestResolver.response;
import static java.util.concurrent.CompletableFuture.completedFuture;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.egressproxy.names.Openings.Opened;
import dev.agentcontainers.egressproxy.upstream.UpstreamTimes;
import dev.agentcontainers.protocol.names.NameLimits;
import dev.agentcontainers.protocol.names.NameVerdict;
import dev.agentcontainers.protocol.names.ProxyMessage.NameDecision;
import io.netty.channel.epoll.Epoll;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;

/** What agents and owners of domains try by way of names. Each has a line in docs/security/names.md. */
class AttacksTest {
    private static final String AGENT = "127.0.0.2";

    private TestResolver resolver;
    private TestProxy proxy;

    @BeforeEach
    void start() throws IOException, InterruptedException {
        assumeThat(Epoll.isAvailable()).as("epoll").isTrue();
        resolver = new TestResolver();
        proxy = new TestProxy(resolver.address());
    }

    @AfterEach
    void stop() throws IOException {
        if (proxy != null) {
            proxy.close();
            resolver.close();
        }
    }

    @Test
    void tunnelInLabelsOfDeniedNames() throws Exception {
        TestAgent agent = proxy.agent(AGENT, "example.org", "*.example.net");

        for (String name :
                List.of("c2vjcmv0.attacker.test", "c2vjcmv0.example.org", "c2vjcmv0.example.net.attacker.test")) {
            assertThat(agent.ask(name, "A").getRcode()).isEqualTo(Rcode.REFUSED);
            assertThat(agent.ask(name, "TXT").getRcode()).isEqualTo(Rcode.REFUSED);
        }
        assertThat(resolver.asked()).isEmpty();
    }

    @Test
    void tunnelInLabelsBelowAWildcardByLongOrRandomOnes() throws Exception {
        TestAgent agent = proxy.agent(AGENT, "*.attacker.test");
        String random = "k7q2v9z4m1b8w3r6t0y5h2j7l4n9p6s1d8f3";

        for (String name : List.of(
                "a".repeat(63) + ".attacker.test",
                ("a".repeat(40) + ".").repeat(4) + "attacker.test",
                random + ".attacker.test",
                "x." + random + ".y.attacker.test")) {
            assertThat(agent.ask(name, "A").getRcode()).isEqualTo(Rcode.REFUSED);
        }
        assertThat(resolver.asked()).isEmpty();
        assertThat(proxy.decisions()).extracting(NameDecision::verdict).containsOnly(NameVerdict.TUNNEL);
    }

    @Test
    void tunnelInLabelsBelowAWildcardByManyShortOnes() throws Exception {
        TestAgent agent =
                proxy.agent(new NameLimits(1000, 10_000, 64, 48, 100, 440, 60, 200), AGENT, "*.attacker.test");
        resolver.answer(
                question -> List.of(response(question, question.getQuestion().getName() + " 5 IN A 192.0.2.1")
                        .toWire()));
        Random random = new Random(7);

        int told = 0;
        for (int i = 0; i < 200; i++) {
            String label = random.ints(20, 'a', 'z' + 1)
                    .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                    .toString();
            if (agent.ask(label + ".attacker.test", "A").getRcode() == Rcode.NOERROR) {
                told++;
            }
        }
        int characters = resolver.asked().stream()
                .mapToInt(asked -> asked.name().length() - ".attacker.test".length())
                .sum();
        assertThat(told).isBetween(10, 20);
        assertThat(characters).as("200 at once, and one each second").isBetween(200, 400);
    }

    @Test
    void aNameBelowAWildcardThatIsKnownLeavesTheNodeOnlyOnce() throws Exception {
        TestAgent agent = proxy.agent(AGENT, "*.example.net");
        resolver.answer("a.example.net. 60 IN A 192.0.2.1");

        for (int i = 0; i < 50; i++) {
            assertThat(agent.ask("a.example.net", "A").getRcode()).isEqualTo(Rcode.NOERROR);
        }
        assertThat(resolver.asked()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TXT", "NULL", "HTTPS", "SVCB", "AAAA", "ANY"})
    void typesThatCarryData(String type) throws Exception {
        TestAgent agent = proxy.agent(AGENT, "*.attacker.test");
        resolver.answer("data.attacker.test. 60 IN TXT \"commands\"");

        Message answer = agent.ask("data.attacker.test", type);

        assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(answer.getSection(Section.ANSWER)).isEmpty();
        assertThat(resolver.asked()).isEmpty();
    }

    @Test
    void textInAnAnswerToAQuestionForAddresses() throws Exception {
        TestAgent agent = proxy.agent(AGENT, "data.attacker.test");
        resolver.answer(question -> {
            Message answer = response(
                    question,
                    "data.attacker.test. 60 IN A 192.0.2.1",
                    "data.attacker.test. 60 IN TXT \"commands\"",
                    "data.attacker.test. 60 IN CAA 0 issue \"commands\"");
            answer.addRecord(TestResolver.record("x.attacker.test. 60 IN TXT \"commands\""), Section.AUTHORITY);
            answer.addRecord(TestResolver.record("y.attacker.test. 60 IN TXT \"commands\""), Section.ADDITIONAL);
            return List.of(answer.toWire());
        });

        Message answer = agent.ask("data.attacker.test", "A");

        assertThat(addresses(answer)).containsExactly("192.0.2.1");
        assertThat(new String(answer.toWire(), StandardCharsets.ISO_8859_1)).doesNotContain("commands");
    }

    @Test
    void aliasOfSomethingThatNoRuleAllowsIsNotTold() throws Exception {
        TestAgent agent = proxy.agent(AGENT, "www.example.org");
        resolver.answer(
                "www.example.org. 60 IN CNAME internal.denied.test.", "internal.denied.test. 60 IN A 127.0.0.1");
        assertThat(agent.ask("www.example.org", "A").getRcode()).isEqualTo(Rcode.REFUSED);

        assertThat(agent.ask("internal.denied.test", "A").getRcode())
                .as("the alias itself is no name of the agent's")
                .isEqualTo(Rcode.REFUSED);
        assertThat(resolver.asked()).hasSize(1);
    }

    @Test
    void aliasWithoutAddressIsNotFollowedByAnotherQuestion() throws Exception {
        TestAgent agent = proxy.agent(AGENT, "www.example.org");
        resolver.answer("www.example.org. 60 IN CNAME data.attacker.test.");

        Message answer = agent.ask("www.example.org", "A");

        assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(answer.getSection(Section.ANSWER)).isEmpty();
        assertThat(resolver.asked()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1",
                "127.255.255.254",
                "0.0.0.0",
                "169.254.169.254",
                "169.254.1.1",
                "100.100.100.200",
                "168.63.129.16",
                "224.0.0.1",
                "255.255.255.255"
            })
    void rebindingToLoopbackMetadataAndLinkLocal(String address) throws Exception {
        TestAgent agent = proxy.agent(AGENT, "www.attacker.test");
        resolver.answer("www.attacker.test. 60 IN A " + address);

        assertThat(agent.ask("www.attacker.test", "A").getRcode()).isEqualTo(Rcode.REFUSED);
        assertThat(proxy.openings()).isEmpty();
        assertThat(proxy.decisions()).extracting(NameDecision::verdict).containsExactly(NameVerdict.REFUSED_ADDRESSES);
    }

    /** Which of them a rule opens by its address only the node agent knows, so it decides. */
    @Test
    void rebindingToWhatTheNodeAgentRefuses() throws Exception {
        TestAgent agent = proxy.agent(AGENT, "www.attacker.test");
        resolver.answer("www.attacker.test. 60 IN A 10.0.0.1", "www.attacker.test. 60 IN A 192.168.0.1");
        proxy.opens((_, _, _, _) -> completedFuture(Opened.of(List.of())));

        Message answer = agent.ask("www.attacker.test", "A");

        assertThat(answer.getRcode()).isEqualTo(Rcode.REFUSED);
        assertThat(answer.getSection(Section.ANSWER)).isEmpty();
    }

    @Test
    void rebindingBesideATrueAddress() throws Exception {
        TestAgent agent = proxy.agent(AGENT, "www.attacker.test");
        resolver.answer("www.attacker.test. 60 IN A 127.0.0.1", "www.attacker.test. 60 IN A 192.0.2.1");

        assertThat(addresses(agent.ask("www.attacker.test", "A"))).containsExactly("192.0.2.1");
        assertThat(proxy.openings()).extracting(TestProxy.Opening::addresses).containsExactly(List.of("192.0.2.1"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"::ffff:127.0.0.1", "::1", "fd00:ec2::254", "64:ff9b::a9fe:a9fe", "2001:db8::1"})
    void rebindingByIpv6(String address) throws Exception {
        TestAgent agent = proxy.agent(AGENT, "www.attacker.test");
        resolver.answer("www.attacker.test. 60 IN AAAA " + address);

        for (String type : List.of("A", "AAAA")) {
            Message answer = agent.ask("www.attacker.test", type);
            assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
            assertThat(answer.getSection(Section.ANSWER)).isEmpty();
        }
        assertThat(proxy.openings()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 2147483647})
    void lifeOfNothingAndOfAges(long seconds) throws Exception {
        TestAgent agent = proxy.agent(AGENT, "www.example.org");
        resolver.answer("www.example.org. %d IN A 192.0.2.1".formatted(seconds));

        Message answer = agent.ask("www.example.org", "A");

        int told = seconds == 0 ? 5 : 300;
        assertThat(answer.getSection(Section.ANSWER).getFirst().getTTL()).isEqualTo(told);
        assertThat(proxy.openings()).extracting(TestProxy.Opening::seconds).containsExactly(told + 30);
    }

    @Test
    void aThousandAddresses() throws Exception {
        TestAgent agent = proxy.agent(AGENT, "www.example.org");
        resolver.answer(IntStream.range(0, 1000)
                .mapToObj(i -> "www.example.org. 60 IN A 192.0.%d.%d".formatted(i / 250, i % 250 + 1))
                .toArray(String[]::new));
        resolver.answerDatagrams(question -> {
            Message cut = response(question);
            cut.getHeader().setFlag(Flags.TC);
            return List.of(cut.toWire());
        });

        Message answer = agent.askByStream(TestAgent.question("www.example.org", "A"));

        assertThat(answer.getSection(Section.ANSWER)).hasSize(100);
        assertThat(proxy.openings())
                .singleElement()
                .satisfies(opening -> assertThat(opening.addresses()).hasSize(100));
    }

    @Test
    void forgedAnswersWithAnotherIdOrQuestionBeforeTheTrueOne() throws Exception {
        TestAgent agent = proxy.agent(AGENT, "www.example.org");
        resolver.answer(question -> {
            Message otherId = response(question, "www.example.org. 60 IN A 192.0.2.66");
            otherId.getHeader().setID(question.getHeader().getID() ^ 1);
            Message otherName = response(unchecked("www.example.net"), "www.example.net. 60 IN A 192.0.2.66");
            otherName.getHeader().setID(question.getHeader().getID());
            Message noAnswer = response(question, "www.example.org. 60 IN A 192.0.2.66");
            noAnswer.getHeader().unsetFlag(Flags.QR);
            return List.of(
                    otherId.toWire(),
                    otherName.toWire(),
                    noAnswer.toWire(),
                    new byte[] {1, 2, 3},
                    response(question, "www.example.org. 60 IN A 192.0.2.1").toWire());
        });

        assertThat(addresses(agent.ask("www.example.org", "A"))).containsExactly("192.0.2.1");
    }

    @Test
    void manyForgedAnswersLeadToAConnection() throws Exception {
        TestAgent agent = proxy.agent(AGENT, "www.example.org");
        resolver.answer("www.example.org. 60 IN A 192.0.2.1");
        resolver.answerDatagrams(question -> IntStream.range(1, 200)
                .mapToObj(i -> {
                    Message forged = response(question, "www.example.org. 60 IN A 192.0.2.66");
                    forged.getHeader().setID((question.getHeader().getID() + i) & 0xffff);
                    return forged.toWire();
                })
                .toList());

        assertThat(addresses(agent.ask("www.example.org", "A"))).containsExactly("192.0.2.1");
        assertThat(resolver.asked()).extracting(TestResolver.Asked::stream).containsExactly(false, true);
    }

    private static Message unchecked(String name) {
        try {
            return TestAgent.question(name, "A");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"WWW.EXAMPLE.ORG", "wWw.ExAmPlE.oRg"})
    void caseMakesNoOtherName(String name) throws Exception {
        TestAgent agent = proxy.agent(AGENT, "www.example.org");
        resolver.answer("www.example.org. 60 IN A 192.0.2.1");

        assertThat(addresses(agent.ask(name, "A"))).containsExactly("192.0.2.1");
        assertThat(resolver.asked().getFirst().name()).isEqualTo("www.example.org");
    }

    @Test
    void bytesThatAreNotOfNames() throws Exception {
        TestAgent agent = proxy.agent(AGENT, "www.example.org", "*.example.net");

        for (List<String> labels : List.of(
                List.of("www", "example", "org\0"),
                List.of("www\0.evil", "example", "org"),
                List.of("www.example", "org"),
                List.of("www.example.org"),
                List.of("a.b", "example", "net"),
                List.of("a b", "example", "net"),
                List.of("b\u00fccher", "example", "net"),
                List.of("\u00e2\u0084\u00aa", "example", "net"),
                List.of("*", "example", "net"),
                List.of("a\\", "example", "net"))) {
            Message answer = new Message(agent.ask(question(labels)));
            assertThat(answer.getRcode()).as("%s", labels).isEqualTo(Rcode.REFUSED);
        }
        assertThat(resolver.asked()).isEmpty();
    }

    @Test
    void addressesInDisguise() throws Exception {
        TestAgent agent = proxy.agent(AGENT, "*.example.net");

        for (String name : List.of(
                "127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "169.254.169.254", "example.net.1")) {
            assertThat(agent.ask(name, "A").getRcode()).as(name).isEqualTo(Rcode.REFUSED);
        }
        assertThat(resolver.asked()).isEmpty();
    }

    @Test
    void theSameRulesHoldByStream() throws Exception {
        TestAgent agent = proxy.agent(AGENT, "www.example.org");
        resolver.answer("www.example.org. 60 IN A 192.0.2.1");

        assertThat(addresses(agent.askByStream(TestAgent.question("www.example.org", "A"))))
                .containsExactly("192.0.2.1");
        assertThat(agent.askByStream(TestAgent.question("data.attacker.test", "A"))
                        .getRcode())
                .isEqualTo(Rcode.REFUSED);
        assertThat(proxy.openings()).hasSize(1);
        assertThat(resolver.asked()).hasSize(1);
    }

    /** More than there is room for, by as many agents as it takes. */
    @Test
    void namesThatNobodyAnswersAreAtTheCostOfWhoAsksForThem() throws Exception {
        proxy.close();
        Duration patience = Duration.ofSeconds(30);
        proxy = new TestProxy(resolver.address(), new UpstreamTimes(patience, patience, patience, 1));
        List<String> attackers =
                IntStream.range(10, 20).mapToObj(i -> "127.0.0." + i).toList();
        Map<String, List<String>> rules = new HashMap<>();
        attackers.forEach(attacker -> rules.put(attacker, List.of("*.attacker.test")));
        rules.put(AGENT, List.of("*.example.org"));
        proxy.configure(NameLimits.DEFAULT, rules);
        resolver.answer(question -> {
            String name = question.getQuestion().getName().toString();
            return name.endsWith(".attacker.test.")
                    ? List.of()
                    : List.of(response(question, name + " 60 IN A 192.0.2.1").toWire());
        });
        for (String attacker : attackers) {
            String ending = "-" + attacker.substring(8) + ".attacker.test";
            new TestAgent(attacker, proxy.address())
                    .flood(IntStream.range(0, 60)
                            .mapToObj(i -> "n" + i + ending)
                            .toList());
            await().until(() -> resolver.asked().stream()
                            .filter(asked -> asked.name().endsWith(ending))
                            .count()
                    // The last of them have to share as well.
                    >= 512 / 12);
        }

        TestAgent victim = new TestAgent(AGENT, proxy.address());
        for (int i = 0; i < 20; i++) {
            assertThat(addresses(victim.ask("host" + i + ".example.org", "A"))).containsExactly("192.0.2.1");
        }
        assertThat(proxy.decisions().stream()
                        .filter(decision -> decision.agent().equals(AGENT))
                        .map(NameDecision::verdict))
                .containsOnly(NameVerdict.RESOLVED);
    }

    /** A question for IPv4 addresses with these very labels. */
    private static byte[] question(List<String> labels) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(new byte[] {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0});
        for (String label : labels) {
            byte[] text = label.getBytes(StandardCharsets.ISO_8859_1);
            bytes.write(text.length);
            bytes.writeBytes(text);
        }
        bytes.writeBytes(new byte[] {0, 0, 1, 0, 1});
        return bytes.toByteArray();
    }
}
