package dev.agentcontainers.cli.display;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;

/**
 * Passes on what a display shows, message by message, and nothing else: what an agent would put into the clipboard of who looks
 * at it is left away. What is not known ends it.
 */
record PictureFilter(DataInputStream from, DataOutputStream to) {
    private static final int COLOUR = 6;
    private static final int PIECE = 32 << 10;

    /** Until the display has ended. */
    void run() throws IOException {
        for (int kind = from.read(); kind >= 0; kind = from.read()) {
            switch (kind) {
                case Rfb.FRAMEBUFFER_UPDATE -> update();
                case Rfb.SET_COLOUR_MAP -> {
                    int padding = from.readUnsignedByte();
                    int first = from.readUnsignedShort();
                    int number = from.readUnsignedShort();
                    to.writeByte(kind);
                    to.writeByte(padding);
                    to.writeShort(first);
                    to.writeShort(number);
                    copy((long) number * COLOUR);
                }
                case Rfb.BELL -> to.writeByte(kind);
                case Rfb.SERVER_CUT_TEXT -> {
                    Rfb.skip(from, 3);
                    // Below zero it is another form of the same, of that many bytes.
                    Rfb.skip(from, Math.abs((long) from.readInt()));
                }
                default -> throw new Rfb.BrokenException("the agent's display sends a message of kind " + kind);
            }
            if (from.available() == 0) {
                to.flush();
            }
        }
    }

    private void update() throws IOException {
        to.writeByte(Rfb.FRAMEBUFFER_UPDATE);
        to.writeByte(from.readUnsignedByte());
        int number = from.readUnsignedShort();
        to.writeShort(number);
        boolean last = false;
        for (int i = 0; !last && (i < number || number == Rfb.UNKNOWN_NUMBER); i++) {
            copy(4 * Short.BYTES);
            int encoding = from.readInt();
            to.writeInt(encoding);
            switch (encoding) {
                case Rfb.COPY_RECT -> copy(2 * Short.BYTES);
                case Rfb.ZRLE -> {
                    int length = from.readInt();
                    if (length < 0 || length > Rfb.LONGEST_RECTANGLE) {
                        throw new Rfb.BrokenException("the agent's display sends " + length + " bytes at once");
                    }
                    to.writeInt(length);
                    copy(length);
                }
                case Rfb.DESKTOP_SIZE -> {}
                case Rfb.LAST_RECT -> last = true;
                default ->
                    throw new Rfb.BrokenException(
                            "the agent's display sends an encoding that nobody asked for: " + encoding);
            }
        }
    }

    private void copy(long bytes) throws IOException {
        byte[] piece = new byte[(int) Math.min(bytes, PIECE)];
        for (long left = bytes; left > 0; left -= Math.min(left, PIECE)) {
            int count = (int) Math.min(left, PIECE);
            from.readFully(piece, 0, count);
            to.write(piece, 0, count);
        }
    }
}
