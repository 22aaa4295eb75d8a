package dev.agentcontainers.egressproxy.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Either end of HTTP/2, that writes whatever frames it is told to and reads them one by one. Source: RFC 9113, RFC 7541. */
final class Http2Peer {
    static final int DATA = 0;
    static final int HEADERS = 1;
    static final int RST_STREAM = 3;
    static final int SETTINGS = 4;
    static final int PUSH_PROMISE = 5;
    static final int PING = 6;
    static final int GOAWAY = 7;
    static final int WINDOW_UPDATE = 8;
    static final int CONTINUATION = 9;
    static final int END_STREAM = 1;
    static final int END_HEADERS = 4;

    private static final int LONGEST_FRAME = 16 << 10;
    static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(false, 1 << 20);
    private final DataInputStream in;
    private final DataOutputStream out;

    /** A frame as it came. */
    record Frame(int type, int flags, int stream, byte[] payload, List<String> headers) {
        boolean ends() {
            return (type == DATA || type == HEADERS) && (flags & END_STREAM) != 0;
        }

        String text() {
            return new String(payload, StandardCharsets.UTF_8);
        }

        /** Of a reset, or of a GOAWAY. */
        int errorCode() {
            return Unpooled.wrappedBuffer(payload).getInt(type == GOAWAY ? 4 : 0);
        }
    }

    private Http2Peer(Socket socket) throws IOException {
        in = new DataInputStream(socket.getInputStream());
        out = new DataOutputStream(socket.getOutputStream());
    }

    static Http2Peer client(Socket socket) throws IOException {
        return goOn(socket, 0);
    }

    /** One whose beginning has gone out up to there. */
    static Http2Peer goOn(Socket socket, int sent) throws IOException {
        Http2Peer peer = new Http2Peer(socket);
        peer.out.write(PREFACE, sent, PREFACE.length - sent);
        peer.write(SETTINGS, 0, 0, new byte[0]);
        return peer;
    }

    static Http2Peer server(Socket socket) throws IOException {
        return server(socket, new byte[0]);
    }

    static Http2Peer server(Socket socket, byte[] settings) throws IOException {
        Http2Peer peer = new Http2Peer(socket);
        peer.write(SETTINGS, 0, 0, settings);
        byte[] preface = new byte[PREFACE.length];
        peer.in.readFully(preface);
        return peer;
    }

    /** Where somebody else has read how the other side begins. */
    static Http2Peer serverAfterPreface(Socket socket) throws IOException {
        Http2Peer peer = new Http2Peer(socket);
        peer.write(SETTINGS, 0, 0, new byte[0]);
        return peer;
    }

    void write(int type, int flags, int stream, byte[] payload) throws IOException {
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        DataOutputStream data = new DataOutputStream(frame);
        data.writeByte(payload.length >> 16);
        data.writeShort(payload.length);
        data.writeByte(type);
        data.writeByte(flags);
        data.writeInt(stream);
        data.write(payload);
        out.write(frame.toByteArray());
        out.flush();
    }

    /** Each literally: names and values as they are, whatever they are. */
    static byte[] block(String... namesAndValues) {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            block.write(0);
            string(block, namesAndValues[i]);
            string(block, namesAndValues[i + 1]);
        }
        return block.toByteArray();
    }

    private static void string(ByteArrayOutputStream block, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        if (bytes.length < 127) {
            block.write(bytes.length);
        } else {
            block.write(127);
            int left = bytes.length - 127;
            while (left >= 128) {
                block.write(left & 127 | 128);
                left >>= 7;
            }
            block.write(left);
        }
        block.writeBytes(bytes);
    }

    void headers(int stream, boolean last, String... namesAndValues) throws IOException {
        byte[] block = block(namesAndValues);
        int first = Math.min(block.length, LONGEST_FRAME);
        int flags = last ? END_STREAM : 0;
        write(HEADERS, flags | (first == block.length ? END_HEADERS : 0), stream, Arrays.copyOf(block, first));
        for (int at = first; at < block.length; at += LONGEST_FRAME) {
            int end = Math.min(block.length, at + LONGEST_FRAME);
            write(CONTINUATION, end == block.length ? END_HEADERS : 0, stream, Arrays.copyOfRange(block, at, end));
        }
    }

    /** A request as a client would write it. */
    void request(int stream, String method, String path, boolean last, String... more) throws IOException {
        request("https", stream, method, path, last, more);
    }

    void request(String scheme, int stream, String method, String path, boolean last, String... more)
            throws IOException {
        List<String> all = new ArrayList<>(
                List.of(":method", method, ":scheme", scheme, ":authority", "www.example.org", ":path", path));
        all.addAll(List.of(more));
        headers(stream, last, all.toArray(String[]::new));
    }

    void data(int stream, String text, boolean last) throws IOException {
        write(DATA, last ? END_STREAM : 0, stream, text.getBytes(StandardCharsets.UTF_8));
    }

    void reset(int stream, int errorCode) throws IOException {
        write(RST_STREAM, 0, stream, new byte[] {0, 0, 0, (byte) errorCode});
    }

    /** It takes no more than those up to the last. */
    void goAway(int last) throws IOException {
        write(GOAWAY, 0, 0, new byte[] {0, 0, 0, (byte) last, 0, 0, 0, 0});
    }

    void windowUpdate(int stream, int more) throws IOException {
        write(WINDOW_UPDATE, 0, stream, new byte[] {
            (byte) (more >> 24), (byte) (more >> 16), (byte) (more >> 8), (byte) more
        });
    }

    /** Whatever comes next; a head whole. */
    Frame readAny() throws IOException {
        Frame frame = readFrame();
        if (frame.type() != HEADERS) {
            return frame;
        }
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        block.writeBytes(frame.payload());
        for (Frame part = frame; (part.flags() & END_HEADERS) == 0; ) {
            part = readFrame();
            block.writeBytes(part.payload());
        }
        byte[] whole = block.toByteArray();
        return new Frame(HEADERS, frame.flags(), frame.stream(), whole, decode(frame.stream(), whole));
    }

    private Frame readFrame() throws IOException {
        int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
        int type = in.readUnsignedByte();
        int flags = in.readUnsignedByte();
        int stream = in.readInt();
        byte[] payload = new byte[length];
        in.readFully(payload);
        return new Frame(type, flags, stream, payload, List.of());
    }

    private List<String> decode(int stream, byte[] payload) throws IOException {
        ByteBuf bytes = Unpooled.wrappedBuffer(payload);
        List<String> headers = new ArrayList<>();
        try {
            decoder.decodeHeaders(stream, bytes)
                    .forEach(header -> headers.add(header.getKey() + ": " + header.getValue()));
        } catch (Http2Exception e) {
            throw new IOException(e);
        }
        return headers;
    }

    /** What comes next that is about a request, or ends the connection. */
    Frame read() throws IOException {
        while (true) {
            Frame frame = readAny();
            if (frame.type() == SETTINGS && (frame.flags() & 1) == 0) {
                write(SETTINGS, 1, 0, new byte[0]);
            }
            if (List.of(DATA, HEADERS, RST_STREAM, GOAWAY, PUSH_PROMISE).contains(frame.type())) {
                return frame;
            }
        }
    }

    /** The heads and content of a stream until it or the connection ends. */
    String readAll(int stream) throws IOException {
        StringBuilder all = new StringBuilder();
        while (true) {
            Frame frame = read();
            if (frame.stream() != stream && frame.type() != GOAWAY) {
                continue;
            }
            if (frame.type() == RST_STREAM || frame.type() == GOAWAY) {
                return all + "ended by " + frame.type() + " with " + frame.errorCode();
            }
            all.append(frame.type() == DATA ? frame.text() : frame.headers().toString());
            if (frame.ends()) {
                return all.toString();
            }
        }
    }
}
