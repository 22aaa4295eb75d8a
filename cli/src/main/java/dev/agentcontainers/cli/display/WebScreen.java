package dev.agentcontainers.cli.display;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/**
 * What a page shows of a display, as messages of its own: size (0, width, height), pixels (1, x, y, width, height, and red, green,
 * blue and 255 of each), copy (2, x, y, width, height, from x, from y). Numbers have two bytes. Of the agent nothing else gets to the page.
 */
final class WebScreen {
    private static final byte SIZE = 0;
    private static final byte PIXELS = 1;
    private static final byte COPY = 2;
    private static final int EVENT = 6;
    /** As the largest that a manifest can ask for. */
    private static final int MOST_SIDE = 3840;

    /** 32 bits a pixel, of which 24 count, the lowest first: red, green, blue. */
    private static final byte[] FORMAT = {0, 0, 0, 0, 32, 24, 0, 1, 0, -1, 0, -1, 0, -1, 0, 8, 16, 0, 0, 0};

    private final AgentScreen screen;
    private int width;
    private int height;

    WebScreen(AgentScreen screen) {
        this.screen = screen;
    }

    /** Until the display has ended, or the page is gone. */
    void show(OutputStream page) throws IOException {
        DataInputStream from = screen.input();
        DataOutputStream to = new DataOutputStream(page);
        AgentScreen.Opened opened = screen.open();
        try (ZrleDecoder decoder = new ZrleDecoder()) {
            resize(opened.width(), opened.height(), to);
            begin();
            for (int kind = from.read(); kind >= 0; kind = from.read()) {
                switch (kind) {
                    case Rfb.FRAMEBUFFER_UPDATE -> update(from, decoder, to);
                    case Rfb.BELL -> {}
                    case Rfb.SERVER_CUT_TEXT -> {
                        Rfb.skip(from, 3);
                        Rfb.skip(from, Math.abs((long) from.readInt()));
                    }
                    default -> throw new Rfb.BrokenException("the agent's display sends a message of kind " + kind);
                }
            }
        }
    }

    private void begin() throws IOException {
        DataOutputStream to = screen.output();
        synchronized (to) {
            to.write(FORMAT);
            to.write(new byte[] {Rfb.SET_ENCODINGS, 0, 0, 3});
            to.writeInt(Rfb.ZRLE);
            to.writeInt(Rfb.COPY_RECT);
            to.writeInt(Rfb.DESKTOP_SIZE);
        }
        request(false);
    }

    private void request(boolean changesOnly) throws IOException {
        DataOutputStream to = screen.output();
        synchronized (to) {
            to.writeByte(Rfb.UPDATE_REQUEST);
            to.writeByte(changesOnly ? 1 : 0);
            to.writeInt(0);
            to.writeShort(width);
            to.writeShort(height);
            to.flush();
        }
    }

    private void update(DataInputStream from, ZrleDecoder decoder, DataOutputStream to) throws IOException {
        from.readByte();
        boolean resized = false;
        for (int left = from.readUnsignedShort(); left > 0; left--) {
            resized |= rectangle(from, decoder, to);
        }
        to.flush();
        // Asked for once the page has taken what there was: who looks slowly is sent less.
        request(!resized);
    }

    /** Whether it was a new size. */
    private boolean rectangle(DataInputStream from, ZrleDecoder decoder, DataOutputStream to) throws IOException {
        int x = from.readUnsignedShort();
        int y = from.readUnsignedShort();
        int wide = from.readUnsignedShort();
        int high = from.readUnsignedShort();
        int encoding = from.readInt();
        if (encoding == Rfb.DESKTOP_SIZE) {
            resize(wide, high, to);
            return true;
        }
        requireOnScreen(x, y, wide, high);
        switch (encoding) {
            case Rfb.ZRLE -> {
                int length = from.readInt();
                if (length < 0 || length > Rfb.LONGEST_RECTANGLE) {
                    throw new Rfb.BrokenException("the agent's display sends " + length + " bytes at once");
                }
                byte[] content = new byte[length];
                from.readFully(content);
                byte[] pixels = decoder.decode(content, wide, high);
                place(PIXELS, x, y, wide, high, to);
                to.write(pixels);
            }
            case Rfb.COPY_RECT -> {
                int fromX = from.readUnsignedShort();
                int fromY = from.readUnsignedShort();
                requireOnScreen(fromX, fromY, wide, high);
                place(COPY, x, y, wide, high, to);
                to.writeShort(fromX);
                to.writeShort(fromY);
            }
            default ->
                throw new Rfb.BrokenException(
                        "the agent's display sends an encoding that nobody asked for: " + encoding);
        }
        return false;
    }

    private static void place(byte kind, int x, int y, int wide, int high, DataOutputStream to) throws IOException {
        to.writeByte(kind);
        to.writeShort(x);
        to.writeShort(y);
        to.writeShort(wide);
        to.writeShort(high);
    }

    private void resize(int wide, int high, DataOutputStream to) throws IOException {
        if (wide < 1 || wide > MOST_SIDE || high < 1 || high > MOST_SIDE) {
            throw new Rfb.BrokenException("the agent's display is %d by %d".formatted(wide, high));
        }
        width = wide;
        height = high;
        to.writeByte(SIZE);
        to.writeShort(wide);
        to.writeShort(high);
        to.flush();
    }

    private void requireOnScreen(int x, int y, int wide, int high) throws IOException {
        if (x + wide > width || y + high > height) {
            throw new Rfb.BrokenException("the agent's display sends a picture beside its screen");
        }
    }

    /**
     * What is typed (4, whether down, and four bytes of an X key symbol) and pointed at (5, buttons, x, y) on the page.
     *
     * @throws IllegalArgumentException where it is something else
     */
    void take(byte[] events) throws IOException {
        for (int at = 0; at < events.length; at += EVENT) {
            if (events.length - at < EVENT || events[at] != Rfb.KEY && events[at] != Rfb.POINTER) {
                throw new IllegalArgumentException("neither a key nor the pointer");
            }
        }
        DataOutputStream to = screen.output();
        synchronized (to) {
            for (int at = 0; at < events.length; at += EVENT) {
                to.write(events, at, 2);
                if (events[at] == Rfb.KEY) {
                    to.writeShort(0);
                }
                to.write(events, at + 2, EVENT - 2);
            }
            to.flush();
        }
    }
}
