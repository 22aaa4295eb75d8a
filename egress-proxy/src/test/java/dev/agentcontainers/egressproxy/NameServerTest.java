package dev.agentcontainers.egressproxy;

import static dev.agentcontainers.egressproxy.TestResolver.response;
import static java.util.concurrent.CompletableFuture.completedFuture;
import static java.util.concurrent.CompletableFuture.failedFuture;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.agentcontainers.egressproxy.names.Openings.Opened;
import dev.agentcontainers.protocol.names.NameLimits;
import dev.agentcontainers.protocol.names.NameVerdict;
import dev.agentcontainers.protocol.names.ProxyMessage.NameDecision;
import io.netty.channel.epoll.Epoll;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** What agents are answered, with sockets on the loopback interface and a resolver that is the test's own. */
class NameServerTest {
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

    static List<String> addresses(Message answer) {
        return answer.getSection(Section.ANSWER).stream()
                .map(each -> ((ARecord) each).getAddress().getHostAddress())
                .toList();
    }

    @Test
    void tellsAnAllowedNameAfterItIsOpened() throws Exception {
        resolver.answer(
                "www.example.org. 60 IN CNAME edge.example.net.",
                "edge.example.net. 90 IN A 192.0.2.1",
                "edge.example.net. 90 IN A 192.0.2.2");
        TestAgent agent = proxy.agent(AGENT, "www.example.org");

        Message answer = agent.ask("www.example.org", "A");

        assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(addresses(answer)).containsExactly("192.0.2.1", "192.0.2.2");
        assertThat(answer.getSection(Section.ANSWER)).allSatisfy(each -> {
            assertThat(each.getName()).hasToString("www.example.org.");
            assertThat(each.getTTL()).isEqualTo(60);
        });
        assertThat(proxy.openings())
                .containsExactly(
                        new TestProxy.Opening(AGENT, "www.example.org", List.of("192.0.2.1", "192.0.2.2"), 90));
        assertThat(proxy.decisions()).singleElement().satisfies(decision -> {
            assertThat(decision.agent()).isEqualTo(AGENT);
            assertThat(decision.name()).isEqualTo("www.example.org");
            assertThat(decision.type()).isEqualTo("A");
            assertThat(decision.verdict()).isEqualTo(NameVerdict.RESOLVED);
            assertThat(decision.rule()).isEqualTo("www.example.org");
            assertThat(decision.addresses()).containsExactly("192.0.2.1", "192.0.2.2");
        });
    }

    @Test
    void doesNotAnswerBeforeTheKernelHasAcknowledged() throws Exception {
        resolver.answer("www.example.org. 60 IN A 192.0.2.1");
        TestAgent agent = proxy.agent(AGENT, "www.example.org");
        CompletableFuture<Opened> acknowledgement = new CompletableFuture<>();
        proxy.opens((_, _, _, _) -> acknowledgement);

        CompletableFuture<Message> answer = CompletableFuture.supplyAsync(() -> {
            try {
                return agent.ask("www.example.org", "A");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        Awaitility.await().until(() -> !proxy.openings().isEmpty());
        assertThat(proxy.decisions()).isEmpty();
        assertThat(answer).isNotDone();
        proxy.run(() -> acknowledgement.complete(Opened.of(List.of("192.0.2.1"))));

        assertThat(addresses(answer.get())).containsExactly("192.0.2.1");
    }

    @Test
    void tellsOnlyWhatWasOpened() throws Exception {
        resolver.answer("www.example.org. 60 IN A 192.0.2.1", "www.example.org. 60 IN A 10.0.0.1");
        TestAgent agent = proxy.agent(AGENT, "www.example.org");
        proxy.opens((_, _, _, _) -> completedFuture(Opened.of(List.of("192.0.2.1", "192.0.2.99"))));

        assertThat(addresses(agent.ask("www.example.org", "A"))).containsExactly("192.0.2.1");
    }

    @Test
    void failsWhereNothingCanBeOpened() throws Exception {
        resolver.answer("www.example.org. 60 IN A 192.0.2.1");
        TestAgent agent = proxy.agent(AGENT, "www.example.org");
        proxy.opens((_, _, _, _) -> failedFuture(new IOException("away")));

        Message answer = agent.ask("www.example.org", "A");

        assertThat(answer.getRcode()).isEqualTo(Rcode.SERVFAIL);
        assertThat(answer.getSection(Section.ANSWER)).isEmpty();
        assertThat(proxy.decisions()).extracting(NameDecision::verdict).containsExactly(NameVerdict.NOT_OPENED);
    }

    @Test
    void refusesWhatNoRuleAllowsWithoutAskingAnybody() throws Exception {
        TestAgent agent = proxy.agent(AGENT, "www.example.org");

        Message answer = agent.ask("secret-data.attacker.example", "A");

        assertThat(answer.getRcode()).isEqualTo(Rcode.REFUSED);
        assertThat(resolver.asked()).isEmpty();
        assertThat(proxy.openings()).isEmpty();
        assertThat(proxy.decisions()).extracting(NameDecision::verdict).containsExactly(NameVerdict.DENIED);
    }

    @Test
    void eachAgentHasItsOwnNames() throws Exception {
        resolver.answer("www.example.org. 60 IN A 192.0.2.1");
        proxy.configure(
                NameLimits.DEFAULT,
                Map.of("127.0.0.2", List.of("www.example.org"), "127.0.0.3", List.of("www.example.net")));

        assertThat(new TestAgent("127.0.0.2", proxy.address())
                        .ask("www.example.org", "A")
                        .getRcode())
                .isEqualTo(Rcode.NOERROR);
        assertThat(new TestAgent("127.0.0.3", proxy.address())
                        .ask("www.example.org", "A")
                        .getRcode())
                .isEqualTo(Rcode.REFUSED);
        assertThat(new TestAgent("127.0.0.4", proxy.address())
                        .ask("www.example.org", "A")
                        .getRcode())
                .as("no agent")
                .isEqualTo(Rcode.SERVFAIL);
        assertThat(proxy.openings()).extracting(TestProxy.Opening::agent).containsExactly("127.0.0.2");
    }

    @Test
    void takesRulesBack() throws Exception {
        resolver.answer("www.example.org. 60 IN A 192.0.2.1");
        TestAgent agent = proxy.agent(AGENT, "www.example.org");
        assertThat(agent.ask("www.example.org", "A").getRcode()).isEqualTo(Rcode.NOERROR);

        proxy.agent(AGENT, "www.example.net");

        assertThat(agent.ask("www.example.org", "A").getRcode()).isEqualTo(Rcode.REFUSED);
    }

    @Test
    void asksOnceAndOpensForEachAgentAsLongAsAnAnswerLives() throws Exception {
        resolver.answer("www.example.org. 60 IN A 192.0.2.1");
        proxy.configure(
                NameLimits.DEFAULT,
                Map.of("127.0.0.2", List.of("www.example.org"), "127.0.0.3", List.of("www.example.org")));
        TestAgent one = new TestAgent("127.0.0.2", proxy.address());
        TestAgent other = new TestAgent("127.0.0.3", proxy.address());

        one.ask("www.example.org", "A");
        proxy.later(Duration.ofSeconds(20));
        Message answer = other.ask("WWW.example.org", "A");

        assertThat(resolver.asked()).hasSize(1);
        assertThat(answer.getSection(Section.ANSWER).getFirst().getTTL()).isBetween(38L, 40L);
        assertThat(answer.getQuestion().getName()).hasToString("WWW.example.org.");
        assertThat(proxy.openings()).extracting(TestProxy.Opening::agent).containsExactly("127.0.0.2", "127.0.0.3");

        proxy.later(Duration.ofSeconds(41));
        one.ask("www.example.org", "A");
        assertThat(resolver.asked()).hasSize(2);
    }

    @Test
    void serversThatSayNothingAreAskedAgainAndThenGivenUp() throws Exception {
        TestAgent agent = proxy.agent(AGENT, "www.example.org");

        assertThat(agent.ask("www.example.org", "A").getRcode()).isEqualTo(Rcode.SERVFAIL);

        assertThat(resolver.asked()).hasSize(2);
        assertThat(resolver.asked())
                .as("each try has an id and a port of its own")
                .extracting(asked -> asked.question().getHeader().getID(), TestResolver.Asked::port)
                .doesNotHaveDuplicates();
        assertThat(proxy.decisions()).extracting(NameDecision::verdict).containsExactly(NameVerdict.UPSTREAM_FAILED);
    }

    @Test
    void asksByStreamWhereAnAnswerIsCut() throws Exception {
        resolver.answer("www.example.org. 60 IN A 192.0.2.1");
        resolver.answerDatagrams(question -> {
            Message cut = response(question, "www.example.org. 60 IN A 192.0.2.66");
            cut.getHeader().setFlag(Flags.TC);
            return List.of(cut.toWire());
        });
        TestAgent agent = proxy.agent(AGENT, "www.example.org");

        assertThat(addresses(agent.ask("www.example.org", "A"))).containsExactly("192.0.2.1");
        assertThat(resolver.asked()).extracting(TestResolver.Asked::stream).containsExactly(false, true);
    }

    @Test
    void namesThatDoNotExistAndServersThatFailAreTold() throws Exception {
        TestAgent agent = proxy.agent(AGENT, "www.example.org", "mail.example.org");
        resolver.answer(question -> {
            Message answer = response(question);
            answer.getHeader()
                    .setRcode(
                            question.getQuestion().getName().toString().startsWith("www")
                                    ? Rcode.NXDOMAIN
                                    : Rcode.SERVFAIL);
            return List.of(answer.toWire());
        });

        assertThat(agent.ask("www.example.org", "A").getRcode()).isEqualTo(Rcode.NXDOMAIN);
        assertThat(agent.ask("mail.example.org", "A").getRcode()).isEqualTo(Rcode.SERVFAIL);
    }

    @Test
    void cutsDatagramsAndTellsAllByStream() throws Exception {
        resolver.answer(IntStream.range(1, 101)
                .mapToObj(i -> "www.example.org. 60 IN A 192.0.2." + i)
                .toArray(String[]::new));
        TestAgent agent = proxy.agent(AGENT, "www.example.org");
        Message plain = TestAgent.question("www.example.org", "A");
        Message extended = TestAgent.question("www.example.org", "A");
        extended.addRecord(new OPTRecord(60000, 0, 0), Section.ADDITIONAL);

        byte[] small = agent.ask(plain.toWire());
        assertThat(small.length).isLessThanOrEqualTo(512);
        assertThat(new Message(small).getHeader().getFlag(Flags.TC)).isTrue();
        byte[] larger = agent.ask(extended.toWire());
        assertThat(larger.length).isLessThanOrEqualTo(1232);
        assertThat(new Message(larger).getHeader().getFlag(Flags.TC)).isTrue();
        assertThat(new Message(larger).getOPT()).isNotNull();
        Message whole = agent.askByStream(plain);
        assertThat(whole.getHeader().getFlag(Flags.TC)).isFalse();
        assertThat(addresses(whole)).hasSize(100);
    }

    @ParameterizedTest
    @ValueSource(strings = {"AAAA", "TXT", "NULL", "HTTPS", "SVCB", "MX", "ANY", "PTR", "CNAME", "NS", "SRV"})
    void otherTypesOfAnAllowedNameHaveNoDataAndDoNotLeave(String type) throws Exception {
        TestAgent agent = proxy.agent(AGENT, "www.example.org", "*.example.net");

        for (String name : List.of("www.example.org", "data.example.net")) {
            Message answer = agent.ask(name, type);

            assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
            for (int section : List.of(Section.ANSWER, Section.AUTHORITY)) {
                assertThat(answer.getSection(section)).isEmpty();
            }
        }
        assertThat(resolver.asked()).isEmpty();
    }

    @Test
    void countsWhatAnAgentAsks() throws Exception {
        NameLimits limits = new NameLimits(1, 3, 64, 48, 100, 440, 1200, 4000);
        TestAgent agent = proxy.agent(limits, AGENT, "www.example.org");
        resolver.answer("www.example.org. 60 IN A 192.0.2.1");

        List<Integer> codes = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            codes.add(agent.ask("www.example.org", "A").getRcode());
        }
        assertThat(codes).containsExactly(0, 0, 0, Rcode.REFUSED, Rcode.REFUSED);
        assertThat(proxy.decisions()).extracting(NameDecision::verdict).endsWith(NameVerdict.TOO_MANY);

        proxy.later(Duration.ofSeconds(2));
        assertThat(agent.ask("www.example.org", "A").getRcode()).isEqualTo(Rcode.NOERROR);
    }

    @Test
    void boundsHowManyQuestionsWait() throws Exception {
        NameLimits limits = new NameLimits(50, 200, 2, 48, 100, 440, 1200, 4000);
        TestAgent agent = proxy.agent(limits, AGENT, "a.example.org", "b.example.org", "c.example.org");
        CompletableFuture<Opened> acknowledgement = new CompletableFuture<>();
        resolver.answer(
                question -> List.of(response(question, question.getQuestion().getName() + " 60 IN A 192.0.2.1")
                        .toWire()));
        proxy.opens((_, _, _, _) -> acknowledgement);

        Executor threads = task -> Thread.ofPlatform().daemon().start(task);
        CompletableFuture<Integer> first = CompletableFuture.supplyAsync(() -> code(agent, "a.example.org"), threads);
        CompletableFuture<Integer> second = CompletableFuture.supplyAsync(() -> code(agent, "b.example.org"), threads);
        Awaitility.await().until(() -> proxy.openings().size() == 2);
        assertThat(code(agent, "c.example.org")).isEqualTo(Rcode.SERVFAIL);

        proxy.run(() -> acknowledgement.complete(Opened.of(List.of("192.0.2.1"))));
        assertThat(first.get()).isEqualTo(Rcode.NOERROR);
        assertThat(second.get()).isEqualTo(Rcode.NOERROR);
        assertThat(code(agent, "c.example.org")).isEqualTo(Rcode.NOERROR);
    }

    private static int code(TestAgent agent, String name) {
        try {
            return agent.ask(name, "A").getRcode();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void questionsThatAreNoneOrNotServedGetTheirCodes() throws Exception {
        TestAgent agent = proxy.agent(AGENT, "www.example.org");
        Message update = TestAgent.question("www.example.org", "A");
        update.getHeader().setOpcode(Opcode.UPDATE);
        assertThat(agent.ask(update).getRcode()).isEqualTo(Rcode.NOTIMP);

        Message two = TestAgent.question("www.example.org", "A");
        two.addRecord(two.getQuestion(), Section.QUESTION);
        assertThat(agent.ask(two).getRcode()).isEqualTo(Rcode.FORMERR);

        Message answering = TestAgent.question("www.example.org", "A");
        answering.addRecord(TestResolver.record("www.example.org. 60 IN A 192.0.2.1"), Section.ANSWER);
        assertThat(agent.ask(answering).getRcode()).isEqualTo(Rcode.FORMERR);

        Message newer = TestAgent.question("www.example.org", "A");
        newer.addRecord(new OPTRecord(1232, 0, 1), Section.ADDITIONAL);
        assertThat(agent.ask(newer).getRcode()).isEqualTo(Rcode.BADVERS);

        Message chaos = Message.newQuery(Record.newRecord(Name.fromString("www.example.org."), Type.A, DClass.CH));
        assertThat(agent.ask(chaos).getRcode()).isEqualTo(Rcode.REFUSED);

        byte[] cut = Arrays.copyOf(TestAgent.question("www.example.org", "A").toWire(), 20);
        assertThat(new Message(agent.ask(cut)).getRcode()).isEqualTo(Rcode.FORMERR);
        assertThat(resolver.asked()).isEmpty();
    }

    @Test
    void saysWhyToThoseWhoUnderstandIt() throws Exception {
        TestAgent agent = proxy.agent(AGENT, "www.example.org");
        Message question = TestAgent.question("www.example.net", "A");
        question.addRecord(new OPTRecord(1232, 0, 0), Section.ADDITIONAL);

        Message answer = agent.ask(question);

        assertThat(answer.getRcode()).isEqualTo(Rcode.REFUSED);
        assertThat(answer.getOPT().getOptions()).singleElement().asString().contains("no rule of this agent's policy");
    }

    @Test
    void servesOnWhenTheResolverCannotBeReached() throws Exception {
        resolver.close();
        TestAgent agent = proxy.agent(AGENT, "www.example.org");

        assertThat(agent.ask("www.example.org", "A").getRcode()).isEqualTo(Rcode.SERVFAIL);
        assertThat(agent.ask("www.example.net", "A").getRcode()).isEqualTo(Rcode.REFUSED);
    }
}
