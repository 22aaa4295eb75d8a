package dev.agentcontainers.protocol;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.fabric8.kubernetes.api.model.Status;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * One message of a stream: a channel byte and its payload, as in Kubernetes' WebSocket subprotocol {@code
 * v5.channel.k8s.io} (k8s.io/apimachinery/pkg/util/remotecommand). Byte arrays are not copied: who makes a frame gives
 * its array away.
 */
public sealed interface StreamFrame {
    /** The subprotocol that both ends must speak. */
    String SUBPROTOCOL = "v5.channel.k8s.io";

    /** Longest message that a peer must take, in bytes with the channel byte. Senders stay far below. */
    int MAXIMUM_LENGTH = 256 * 1024;

    byte INPUT = 0;
    byte OUTPUT = 1;
    byte ERROR_OUTPUT = 2;
    byte RESULT = 3;
    byte RESIZE = 4;
    byte CLOSE = (byte) 255;

    /** The message's bytes, the channel first. */
    byte[] encoded();

    /** For the process's standard input. */
    @SuppressWarnings("ArrayRecordComponent")
    record Input(byte[] data) implements StreamFrame {
        @Override
        public byte[] encoded() {
            return withChannel(INPUT, data, data.length);
        }
    }

    /** From the process's standard output, or text of a log. An empty one says that the stream is open. */
    @SuppressWarnings("ArrayRecordComponent")
    record Output(byte[] data) implements StreamFrame {
        @Override
        public byte[] encoded() {
            return withChannel(OUTPUT, data, data.length);
        }
    }

    /** From the process's standard error. */
    @SuppressWarnings("ArrayRecordComponent")
    record ErrorOutput(byte[] data) implements StreamFrame {
        @Override
        public byte[] encoded() {
            return withChannel(ERROR_OUTPUT, data, data.length);
        }
    }

    /** How the stream ended; nothing follows. */
    record Result(Status status) implements StreamFrame {
        @Override
        public byte[] encoded() {
            byte[] json = Json.bytes(status);
            return withChannel(RESULT, json, json.length);
        }
    }

    /** The client's terminal has this size now. */
    record Resize(TerminalSize size) implements StreamFrame {
        @Override
        public byte[] encoded() {
            byte[] json = Json.bytes(size);
            return withChannel(RESIZE, json, json.length);
        }
    }

    /** Nothing more comes for standard input. */
    record CloseInput() implements StreamFrame {
        @Override
        public byte[] encoded() {
            return new byte[] {CLOSE, INPUT};
        }
    }

    /** The first {@code length} bytes of a buffer, behind the channel byte. */
    static byte[] withChannel(byte channel, byte[] buffer, int length) {
        byte[] message = new byte[length + 1];
        message[0] = channel;
        System.arraycopy(buffer, 0, message, 1, length);
        return message;
    }

    /** @throws ProtocolException where the message has no meaning */
    static StreamFrame decode(byte[] message) throws ProtocolException {
        if (message.length == 0) {
            throw new ProtocolException("an empty message has no channel");
        }
        byte[] payload = Arrays.copyOfRange(message, 1, message.length);
        return switch (message[0]) {
            case INPUT -> new Input(payload);
            case OUTPUT -> new Output(payload);
            case ERROR_OUTPUT -> new ErrorOutput(payload);
            case RESULT -> new Result(json(payload, Status.class, "result (channel 3)"));
            case RESIZE -> new Resize(json(payload, TerminalSize.class, "resize (channel 4)"));
            case CLOSE -> closed(payload);
            default -> throw new ProtocolException("channel " + (message[0] & 0xff) + " is not one of 0 to 4 or 255");
        };
    }

    private static StreamFrame closed(byte[] payload) throws ProtocolException {
        if (payload.length != 1 || payload[0] != INPUT) {
            throw new ProtocolException("a close message (channel 255) must name channel 0, the only one that closes");
        }
        return new CloseInput();
    }

    private static <T> T json(byte[] payload, Class<T> type, String what) throws ProtocolException {
        try {
            return Json.parse(new String(payload, StandardCharsets.UTF_8), type);
        } catch (JsonProcessingException e) {
            throw new ProtocolException("the " + what + " message is not the JSON of a " + type.getSimpleName() + ": "
                    + e.getOriginalMessage());
        }
    }
}
