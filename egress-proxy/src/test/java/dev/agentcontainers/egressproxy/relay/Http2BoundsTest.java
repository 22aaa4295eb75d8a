package dev.agentcontainers.egressproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.egressproxy.relay.Http2Peer.Frame;
import dev.agentcontainers.protocol.names.HttpVerdict;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** How much there may be of HTTP/2 at a time: what is more is not held, whoever sends it or takes nothing. */
class Http2BoundsTest extends InterceptedHttp2 {
    /** Heads have no window: an agent that takes nothing would have the proxy hold what its server likes to send. */
    @Test
    void headsThatTheAgentDoesNotTakeAreHeldToABound() throws Exception {
        List<EpollSocketChannel> fronts = new CopyOnWriteArrayList<>();
        InterceptedConnections its = connections(with(new Http2Limits(4, 2, 200, 120, 100, 2, 2, 2)));
        proxy = (InetSocketAddress) new ServerBootstrap()
                .group(group)
                .channel(EpollServerSocketChannel.class)
                .childOption(ChannelOption.SO_SNDBUF, 8 << 10)
                .childHandler(new ChannelInitializer<EpollSocketChannel>() {
                    @Override
                    protected void initChannel(EpollSocketChannel front) {
                        fronts.add(front);
                        front.pipeline().addLast(its);
                    }
                })
                .bind("127.0.0.1", 0)
                .sync()
                .channel()
                .localAddress();
        receives = 8 << 10;
        Http2Peer client = client();
        List<Integer> streams = new ArrayList<>();
        for (int stream = 1; stream < 120; stream += 2) {
            client.request(stream, "GET", "/v1/" + stream, true);
        }
        Http2Peer origin = origin();
        String much = "~".repeat(15_000);
        for (int i = 0; i < 60; i++) {
            streams.add(origin.read().stream());
        }
        for (int stream : streams) {
            origin.headers(stream, false, ":status", "103", "x", much);
            origin.headers(stream, false, ":status", "103", "x", much);
            origin.headers(stream, true, ":status", "200", "x", much);
        }
        // Those that there was no room for.
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(decisions)
                        .hasSizeGreaterThan(20)
                        .allMatch(each -> each.verdict() == HttpVerdict.BROKEN));
        EpollSocketChannel front = fronts.getFirst();
        long pending = front.eventLoop()
                .submit(() -> front.unsafe().outboundBuffer().totalPendingWriteBytes())
                .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(pending).isBetween(32L << 10, 160L << 10);
        // Others go on, and what was held comes when it is taken.
        receives = 0;
        Http2Peer other = client();
        assertOthersPass(other, 1);
        assertThat(client.readAll(1))
                .startsWith("[:status: 103")
                .contains("[:status: 200")
                .endsWith("~]");
    }

    /** They would be written all the same otherwise, and end the connection; or wait on when the server takes them again. */
    @Test
    void headsThatTheServerDoesNotTakeWaitAndGoOnWhenItDoes() throws Exception {
        int count = 320;
        proxy = listen(connections(with(new Http2Limits(4, 2, 400, 400, 400, 2, 2, 2))));
        server.setReceiveBufferSize(8 << 10);
        Http2Peer client = client();
        client.request(1, "GET", "/v1/1", true);
        Http2Peer origin = Http2Peer.server(accept("h2"), new byte[] {0, 3, 0, 0, 4, 0});
        int first = origin.read().stream();
        // More than the kernel holds of it, which is 4 MiB where nobody has changed that.
        String much = "~".repeat(15_000);
        for (int i = 1; i <= count; i++) {
            client.request(2 * i + 1, "GET", "/v1/" + (2 * i + 1), true, "x", much);
        }
        // What is told as that was never sent.
        client.reset(2 * count + 1, CANCEL);
        awaitVerdicts(HttpVerdict.INCOMPLETE);
        List<Integer> its = new ArrayList<>(List.of(first));
        for (int i = 1; i < count; i++) {
            Frame request = origin.read();
            assertThat(request.headers()).contains(":path: /v1/" + (2 * i + 1));
            its.add(request.stream());
        }
        for (int stream : its) {
            origin.headers(stream, true, ":status", "200");
        }
        assertThat(client.readAll(2 * count - 1)).contains(":status: 200");
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(decisions).hasSize(count + 1));
        assertThat(decisions.stream().skip(1)).allMatch(each -> each.verdict() == HttpVerdict.PASSED);
    }

    @Test
    void noMoreComesFromTheAgentThanTheServerTakes() throws Exception {
        SSLSocket socket = socket("h2");
        Http2Peer client = Http2Peer.client(socket);
        client.request(1, "POST", "/v1/a", false);
        Http2Peer origin = origin();
        origin.read();
        socket.setSoTimeout(1000);
        int sent = 0;
        int granted = 32 << 10;
        try {
            while (true) {
                while (sent < granted) {
                    int count = Math.min(8 << 10, granted - sent);
                    client.write(Http2Peer.DATA, 0, 1, new byte[count]);
                    sent += count;
                }
                Frame frame = client.readAny();
                if (frame.type() == Http2Peer.WINDOW_UPDATE && frame.stream() == 1) {
                    granted += new BigInteger(frame.payload()).intValue();
                }
            }
        } catch (SocketTimeoutException e) {
            // No more is granted.
        }
        // What the server's window lets come, and what the proxy holds.
        assertThat(sent).isBetween(64 << 10, (64 << 10) + (32 << 10));
    }

    /** What it is told holds from when it says so: until then a stream has the window that RFC 9113 begins with. */
    @ParameterizedTest
    @CsvSource({"false, 65535", "true, 32768"})
    void aStreamOfAnAgentHasSoMuchOfAWindow(boolean acknowledges, int window) throws Exception {
        Http2Peer client = client();
        if (acknowledges) {
            client.write(Http2Peer.SETTINGS, 1, 0, new byte[0]);
        }
        client.request(1, "POST", "/v1/a", false);
        Http2Peer origin = Http2Peer.server(accept("h2"), new byte[] {0, 4, 0, 0, 0, 0});
        int stream = origin.read().stream();
        for (int left = window; left > 0; left -= 16 << 10) {
            client.write(Http2Peer.DATA, 0, 1, new byte[Math.min(left, 16 << 10)]);
        }
        client.request(3, "GET", "/v1/b", true);
        assertThat(origin.read().headers()).contains(":path: /v1/b");
        client.write(Http2Peer.DATA, 0, 1, new byte[1]);
        assertThat(client.readAll(1)).isEqualTo("ended by " + Http2Peer.RST_STREAM + " with " + PROTOCOL_ERROR);
        Frame reset = origin.read();
        assertThat(reset.type()).isEqualTo(Http2Peer.RST_STREAM);
        assertThat(reset.stream()).isEqualTo(stream);
        awaitVerdicts(HttpVerdict.MALFORMED);
    }

    /** A server that nobody holds up does not hold up the others. */
    @Test
    void anAnswerThatIsNotTakenHoldsUpNoOther() throws Exception {
        Http2Peer client = client();
        client.request(1, "GET", "/v1/large", true);
        Http2Peer origin = origin();
        int large = origin.read().stream();
        client.request(3, "GET", "/v1/small", true);
        int small = origin.read().stream();
        // All that the agent's connection takes, but for what its own window is raised by.
        client.windowUpdate(0, 1 << 20);
        origin.headers(large, false, ":status", "200");
        for (int i = 0; i < 4; i++) {
            origin.write(Http2Peer.DATA, 0, large, new byte[16 << 10]);
        }
        origin.headers(small, false, ":status", "200");
        origin.data(small, "small", true);
        Frame frame = client.read();
        int others = 0;
        while (!(frame.stream() == 3 && frame.ends())) {
            others += frame.stream() == 1 ? frame.payload().length : 0;
            frame = client.read();
        }
        assertThat(others).isLessThanOrEqualTo((64 << 10) + 100);
    }

    /** Three streams whose windows together are more than the connection's that RFC 9113 begins with. */
    @Test
    void requestsThatTheServerDoesNotTakeHoldUpNoOther() throws Exception {
        Http2Peer client = client();
        int held = 0;
        for (int stream = 1; stream <= 5; stream += 2) {
            client.request(stream, "POST", "/v1/" + stream, false);
        }
        Http2Peer origin = Http2Peer.server(accept("h2"), new byte[] {0, 4, 0, 0, 0, 0});
        for (int i = 0; i < 3; i++) {
            origin.read();
        }
        for (int stream = 1; stream <= 5; stream += 2) {
            for (int i = 0; i < 2; i++) {
                client.write(Http2Peer.DATA, 0, stream, new byte[16 << 10]);
                held += 16 << 10;
            }
        }
        assertThat(held).isGreaterThan(64 << 10);
        // The connection has room again, though nobody has taken any of it.
        int granted = (64 << 10) - held;
        while (granted < 16 << 10) {
            Frame frame = client.readAny();
            if (frame.type() == Http2Peer.WINDOW_UPDATE && frame.stream() == 0) {
                granted += new BigInteger(frame.payload()).intValue();
            }
        }
        client.request(7, "POST", "/v1/7", false);
        client.data(7, "small", true);
        Frame request = origin.read();
        assertThat(request.headers()).contains(":path: /v1/7");
        origin.windowUpdate(request.stream(), 100);
        assertThat(origin.readAll(request.stream())).isEqualTo("small");
        origin.headers(request.stream(), true, ":status", "200");
        assertThat(client.readAll(7)).contains(":status: 200");
    }

    /** What a whole connection would take is held of streams whose answers the agent does not take. */
    @Test
    void answersThatTheAgentDoesNotTakeHoldUpNoOtherStreamOfTheServer() throws Exception {
        proxy = listen(connections(with(new Http2Limits(4, 2, 40, 40, 40, 2, 2, 2))));
        Http2Peer client = client();
        // No window for any content of theirs.
        client.write(Http2Peer.SETTINGS, 0, 0, new byte[] {0, 4, 0, 0, 0, 0});
        for (int stream = 1; stream < 48; stream += 2) {
            client.request(stream, "GET", "/v1/" + stream, true);
        }
        Http2Peer origin = origin();
        List<Integer> streams = new ArrayList<>();
        while (streams.size() < 24) {
            streams.add(origin.read().stream());
        }
        // Which it was told before any request.
        int granted = Http2Codecs.WINDOW_OF_SERVER;
        for (int stream : streams) {
            origin.headers(stream, false, ":status", "200");
            for (int i = 0; i < 4; i++) {
                while (granted < 16 << 10) {
                    Frame frame = origin.readAny();
                    if (frame.type() == Http2Peer.WINDOW_UPDATE && frame.stream() == 0) {
                        granted += new BigInteger(frame.payload()).intValue();
                    }
                }
                origin.write(Http2Peer.DATA, 0, stream, new byte[16 << 10]);
                granted -= 16 << 10;
            }
        }
        client.request(49, "GET", "/v1/last", true);
        Frame request = origin.read();
        assertThat(request.headers()).contains(":path: /v1/last");
        origin.headers(request.stream(), false, ":status", "200");
        origin.data(request.stream(), "small", true);
        client.windowUpdate(49, 100);
        assertThat(client.readAll(49)).endsWith("small");
    }

    @Test
    void moreStreamsThanThereMayBeAreRefusedAndTheOthersGoOn() throws Exception {
        Http2Peer client = client();
        for (int stream = 1; stream <= 7; stream += 2) {
            client.request(stream, "GET", "/v1/" + stream, true);
        }
        Http2Peer origin = origin();
        int first = origin.read().stream();
        client.request(9, "GET", "/v1/9", true);
        Frame refused = client.read();
        assertThat(refused.type()).isEqualTo(Http2Peer.RST_STREAM);
        assertThat(refused.stream()).isEqualTo(9);
        assertThat(refused.errorCode()).isEqualTo(REFUSED_STREAM);
        origin.headers(first, true, ":status", "200");
        assertThat(client.readAll(1)).contains(":status: 200");
    }

    @Test
    void oneAgentHasSoManyStreamsAtMostOnAllItsConnections() throws Exception {
        Http2Peer one = client();
        for (int stream = 1; stream <= 7; stream += 2) {
            one.request(stream, "GET", "/v1/" + stream, true);
        }
        origin().read();
        Http2Peer other = client();
        other.request(1, "GET", "/v1/a", true);
        other.request(3, "GET", "/v1/b", true);
        Frame refused = other.read();
        assertThat(refused.type()).isEqualTo(Http2Peer.RST_STREAM);
        assertThat(refused.stream()).isEqualTo(3);
        awaitVerdicts(HttpVerdict.TOO_MANY);
    }

    @Test
    void whereThereIsNoMoreRoomForItOnlyHttp1IsOffered() throws Exception {
        for (int i = 0; i < LIMITS.http2().mostOfAgent(); i++) {
            assertThat(socket("h2", "http/1.1").getApplicationProtocol()).isEqualTo("h2");
        }
        SSLSocket more = socket("h2", "http/1.1");
        assertThat(more.getApplicationProtocol()).isEqualTo("http/1.1");
        assertThatThrownBy(() -> socket("h2")).hasMessageContaining("no_application_protocol");
        sockets.getFirst().close();
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(socket("h2", "http/1.1").getApplicationProtocol())
                        .isEqualTo("h2"));
    }

    @Test
    void whoResetsStreamAfterStreamIsEnded() throws Exception {
        Http2Peer client = client();
        CompletableFuture<Void> flood = CompletableFuture.runAsync(() -> {
            try {
                for (int stream = 1; stream < 2000; stream += 2) {
                    client.request(stream, "GET", "/admin", false);
                    client.reset(stream, CANCEL);
                }
            } catch (IOException e) {
                // It was ended.
            }
        });
        assertThat(endOf(client)).isEqualTo(ENHANCE_YOUR_CALM);
        flood.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertNobodyConnects();
    }

    private enum Flood {
        PINGS {
            @Override
            void send(Http2Peer client) throws IOException {
                client.write(Http2Peer.PING, 0, 0, new byte[8]);
            }
        },
        SETTINGS {
            @Override
            void send(Http2Peer client) throws IOException {
                client.write(Http2Peer.SETTINGS, 0, 0, new byte[0]);
            }
        },
        WINDOWS {
            @Override
            void send(Http2Peer client) throws IOException {
                client.windowUpdate(0, 1);
            }
        },
        UNKNOWN {
            @Override
            void send(Http2Peer client) throws IOException {
                client.write(0x42, 0, 0, new byte[100]);
            }
        },
        PRIORITIES {
            @Override
            void send(Http2Peer client) throws IOException {
                client.write(2, 0, 1, new byte[] {0, 0, 0, 0, 1});
            }
        },
        HEAD_WITHOUT_END {
            private boolean begun;

            @Override
            void send(Http2Peer client) throws IOException {
                client.write(begun ? Http2Peer.CONTINUATION : Http2Peer.HEADERS, 0, 1, new byte[0]);
                begun = true;
            }
        },
        LONG_HEAD_WITHOUT_END {
            private boolean begun;

            @Override
            void send(Http2Peer client) throws IOException {
                client.write(
                        begun ? Http2Peer.CONTINUATION : Http2Peer.HEADERS,
                        0,
                        1,
                        Http2Peer.block("x", "a".repeat(4000)));
                begun = true;
            }
        },
        EMPTY_DATA {
            private boolean begun;

            @Override
            void send(Http2Peer client) throws IOException {
                if (!begun) {
                    client.request(1, "POST", "/v1/a", false);
                    begun = true;
                }
                client.write(Http2Peer.DATA, 0, 1, new byte[0]);
            }
        };

        abstract void send(Http2Peer client) throws IOException;
    }

    @ParameterizedTest
    @EnumSource(Flood.class)
    void floodsOfFramesThatCarryNothingEndTheConnection(Flood flood) throws Exception {
        Http2Peer client = client();
        CompletableFuture<Boolean> ended = CompletableFuture.supplyAsync(() -> {
            try {
                for (int i = 0; i < 1_000_000; i++) {
                    flood.send(client);
                }
                return false;
            } catch (IOException e) {
                return true;
            }
        });
        endOf(client);
        assertThat(ended.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(decisions).isNotEmpty());
    }

    @Test
    void whoHasBegunNothingIsEndedInTime() throws Exception {
        proxy = listen(connections(new RelayLimits(
                20,
                20,
                10,
                10,
                Duration.ofMillis(800),
                Duration.ofSeconds(10),
                Duration.ofMillis(600),
                Duration.ofMillis(300))));
        Http2Peer silent = client();
        assertThat(endOf(silent)).isEqualTo(-1);
        awaitVerdicts(HttpVerdict.INCOMPLETE);

        Http2Peer idle = client();
        idle.request(1, "GET", "/admin", true);
        idle.readAll(1);
        assertThat(endOf(idle)).isEqualTo(NO_ERROR);

        Http2Peer unanswered = client();
        unanswered.request(1, "GET", "/v1/a", true);
        origin().read();
        assertThat(endOfStream(unanswered)).isEqualTo(CANCEL);
        awaitVerdicts(HttpVerdict.INCOMPLETE, HttpVerdict.NO_RULE, HttpVerdict.BROKEN);
    }
}
