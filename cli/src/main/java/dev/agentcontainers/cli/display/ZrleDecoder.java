package dev.agentcontainers.cli.display;

import java.io.IOException;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Pictures of a display as pixels. One for each connection, whose rectangles are one compressed stream. Takes nothing on trust: what
 * does not fit is refused. Source: RFC 6143, 7.7.6.
 */
final class ZrleDecoder implements AutoCloseable {
    private static final int TILE = 64;
    private static final int PIXEL = 4;
    private static final int OPAQUE = 0xff;
    private static final int MOST_COLOURS_PACKED = 16;
    private static final int PLAIN_RUNS = 128;
    private static final int FIRST_PALETTE_RUNS = 130;

    private final Inflater inflater = new Inflater();
    private final byte[] plain = new byte[32 << 10];
    private int held;
    private int taken;

    /**
     * The pixels of a rectangle, row by row: red, green, blue and 255.
     *
     * @param content of the rectangle, as it came
     */
    byte[] decode(byte[] content, int width, int height) throws IOException {
        inflater.setInput(content);
        byte[] pixels = new byte[width * height * PIXEL];
        for (int y = 0; y < height; y += TILE) {
            for (int x = 0; x < width; x += TILE) {
                tile(new Tile(pixels, width, x, y, Math.min(TILE, width - x), Math.min(TILE, height - y)));
            }
        }
        return pixels;
    }

    /** A part of the pixels, to be filled from left to right and top to bottom. */
    private record Tile(byte[] pixels, int stride, int x, int y, int width, int height) {
        int size() {
            return width * height;
        }

        void set(int index, int colour) throws IOException {
            if (index >= size()) {
                throw new Rfb.BrokenException("the agent's display sends more than fits");
            }
            int at = ((y + index / width) * stride + x + index % width) * PIXEL;
            pixels[at] = (byte) colour;
            pixels[at + 1] = (byte) (colour >> 8);
            pixels[at + 2] = (byte) (colour >> 16);
            pixels[at + 3] = (byte) OPAQUE;
        }
    }

    private void tile(Tile tile) throws IOException {
        int kind = next();
        if (kind == 0) {
            for (int i = 0; i < tile.size(); i++) {
                tile.set(i, colour());
            }
        } else if (kind <= MOST_COLOURS_PACKED) {
            packed(tile, palette(kind));
        } else if (kind == PLAIN_RUNS) {
            for (int i = 0; i < tile.size(); ) {
                i = run(tile, i, colour(), length());
            }
        } else if (kind >= FIRST_PALETTE_RUNS) {
            runs(tile, palette(kind - PLAIN_RUNS));
        } else {
            throw new Rfb.BrokenException("the agent's display sends a tile of kind " + kind);
        }
    }

    private int[] palette(int size) throws IOException {
        int[] palette = new int[size];
        for (int i = 0; i < size; i++) {
            palette[i] = colour();
        }
        return palette;
    }

    /** One colour is the whole tile; of more each pixel has 1, 2 or 4 bits, and each row begins with a byte. */
    private void packed(Tile tile, int[] palette) throws IOException {
        int bits = palette.length == 1 ? 0 : palette.length == 2 ? 1 : palette.length <= 4 ? 2 : 4;
        for (int y = 0; y < tile.height(); y++) {
            int held = 0;
            int left = 0;
            for (int x = 0; x < tile.width(); x++) {
                if (left == 0 && bits > 0) {
                    held = next();
                    left = 8;
                }
                left -= bits;
                int index = bits == 0 ? 0 : held >> left & (1 << bits) - 1;
                tile.set(y * tile.width() + x, of(palette, index));
            }
        }
    }

    private void runs(Tile tile, int[] palette) throws IOException {
        for (int i = 0; i < tile.size(); ) {
            int index = next();
            i = run(tile, i, of(palette, index & 0x7f), index > 0x7f ? length() : 1);
        }
    }

    private static int of(int[] palette, int index) throws IOException {
        if (index >= palette.length) {
            throw new Rfb.BrokenException("the agent's display sends a colour that it has not named");
        }
        return palette[index];
    }

    private static int run(Tile tile, int from, int colour, int length) throws IOException {
        if (length > tile.size() - from) {
            throw new Rfb.BrokenException("the agent's display sends more than fits");
        }
        for (int i = from; i < from + length; i++) {
            tile.set(i, colour);
        }
        return from + length;
    }

    /** Bytes of 255 go on. No tile has as many pixels as would be too many. */
    private int length() throws IOException {
        int length = 1;
        int more;
        do {
            more = next();
            length += more;
        } while (more == 0xff && length <= TILE * TILE);
        return length;
    }

    private int colour() throws IOException {
        return next() | next() << 8 | next() << 16;
    }

    private int next() throws IOException {
        if (taken == held) {
            try {
                held = inflater.inflate(plain);
            } catch (DataFormatException e) {
                throw new Rfb.BrokenException("the agent's display sends what can't be unpacked");
            }
            taken = 0;
            if (held == 0) {
                throw new Rfb.BrokenException("the agent's display sends less than it says");
            }
        }
        return plain[taken++] & 0xff;
    }

    @Override
    public void close() {
        inflater.end();
    }
}
