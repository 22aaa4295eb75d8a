package dev.agentcontainers.protocol.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.protocol.ProtocolException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class MessageChannelTest {
    /** What was written can be read, one byte at a time. */
    private static final class Loop implements ByteChannel {
        private final ByteBuffer bytes = ByteBuffer.allocate(100_000);
        private int taken;

        @Override
        public int read(ByteBuffer target) {
            if (taken == bytes.position()) {
                return -1;
            }
            target.put(bytes.get(taken++));
            return 1;
        }

        @Override
        public int write(ByteBuffer source) {
            bytes.put(source.get());
            return 1;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }

    private final Loop loop = new Loop();

    @Test
    void givesBackWhatWasSent() throws IOException {
        MessageChannel<ClientMessage> channel = new MessageChannel<>(loop, ClientMessage.class, 1000);
        ClientMessage.Run run =
                new ClientMessage.Run("team", List.of(new ClientMessage.Manifest("a.yaml", "kind: ä\n")));
        channel.send(run);
        channel.send(new ClientMessage.Kill());

        assertThat(channel.receive()).contains(run);
        assertThat(channel.receive()).contains(new ClientMessage.Kill());
        assertThat(channel.receive()).isEmpty();
    }

    @Test
    void keepsBytesAndNulls() throws IOException {
        MessageChannel<ServiceMessage> channel = new MessageChannel<>(loop, ServiceMessage.class, 1000);
        channel.send(new ServiceMessage.Output(new byte[] {(byte) 0xff, 0, 10}));
        channel.send(new ServiceMessage.Ended(null, "no", 3));

        assertThat(channel.receive())
                .get()
                .isInstanceOfSatisfying(
                        ServiceMessage.Output.class,
                        output -> assertThat(output.data()).containsExactly(0xff, 0, 10));
        assertThat(channel.receive()).contains(new ServiceMessage.Ended(null, "no", 3));
    }

    @Test
    void refusesWhatIsTooLongBeforeItIsRead() throws IOException {
        loop.write(ByteBuffer.wrap(new byte[] {0x7f}));
        loop.write(ByteBuffer.wrap(new byte[] {(byte) 0xff}));
        loop.write(ByteBuffer.wrap(new byte[] {(byte) 0xff}));
        loop.write(ByteBuffer.wrap(new byte[] {(byte) 0xff}));

        assertThatThrownBy(() -> new MessageChannel<>(loop, ClientMessage.class, 1000).receive())
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("at most 1000 are taken");
    }

    @Test
    void refusesWhatIsNoMessageOrEndsEarly() throws IOException {
        MessageChannel<ClientMessage> channel = new MessageChannel<>(loop, ClientMessage.class, 1000);
        for (byte each : new byte[] {0, 0, 0, 2}) {
            loop.write(ByteBuffer.wrap(new byte[] {each}));
        }
        for (byte each : "{}".getBytes(StandardCharsets.UTF_8)) {
            loop.write(ByteBuffer.wrap(new byte[] {each}));
        }
        assertThatThrownBy(channel::receive)
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("not a ClientMessage");
        loop.write(ByteBuffer.wrap(new byte[] {0}));
        assertThatThrownBy(channel::receive).isInstanceOf(EOFException.class);
    }
}
