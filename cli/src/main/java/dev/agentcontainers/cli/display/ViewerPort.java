package dev.agentcontainers.cli.display;

import dev.agentcontainers.cli.terminal.Printable;
import dev.agentcontainers.cli.terminal.UserException;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** A port of this machine at which VNC viewers see an agent's display. Nobody of another machine reaches it. */
final class ViewerPort implements AutoCloseable {
    private static final int MOST_WRONG = 20;
    private static final int MOST_AT_ONCE = 8;
    private static final int BACKLOG = 8;
    private static final Duration WRONG_DELAY = Duration.ofSeconds(1);
    private static final Duration GREETING = Duration.ofSeconds(60);

    private final ServerSocket listening;
    private final Screens screens;
    private final ViewerGreeting greeting;
    private final String title;
    private final Consumer<String> says;
    private final Semaphore places = new Semaphore(MOST_AT_ONCE);
    private final AtomicInteger wrong = new AtomicInteger();

    private ViewerPort(
            ServerSocket listening, Screens screens, ViewerGreeting greeting, String title, Consumer<String> says) {
        this.listening = listening;
        this.screens = screens;
        this.greeting = greeting;
        this.title = title;
        this.says = says;
    }

    /**
     * @param port 0 for any that is free
     * @param title that viewers show
     * @param says is told why a viewer sees nothing
     */
    static ViewerPort listen(int port, Screens screens, ViewerGreeting greeting, String title, Consumer<String> says) {
        try {
            return new ViewerPort(
                    new ServerSocket(port, BACKLOG, InetAddress.getByAddress(new byte[] {127, 0, 0, 1})),
                    screens,
                    greeting,
                    title,
                    says);
        } catch (IOException e) {
            throw new UserException("can't listen at 127.0.0.1:%d: %s".formatted(port, e.getMessage()));
        }
    }

    int port() {
        return listening.getLocalPort();
    }

    /** Returns when it is closed, or too many wrong passwords have come. */
    void serve() throws IOException {
        while (true) {
            Socket viewer;
            try {
                viewer = listening.accept();
            } catch (SocketException e) {
                return;
            }
            if (places.tryAcquire()) {
                Thread.ofVirtual().name("viewer").start(() -> serve(viewer));
            } else {
                viewer.close();
            }
        }
    }

    private void serve(Socket viewer) {
        try (viewer) {
            viewer.setTcpNoDelay(true);
            viewer.setSoTimeout((int) GREETING.toMillis());
            DataInputStream from = new DataInputStream(new BufferedInputStream(viewer.getInputStream()));
            DataOutputStream to = new DataOutputStream(new BufferedOutputStream(viewer.getOutputStream()));
            if (greeting.greet(from, to)) {
                viewer.setSoTimeout(0);
                show(viewer, from, to);
            } else {
                refused();
            }
        } catch (EOFException | SocketException e) {
            // It has gone.
        } catch (IOException | UserException e) {
            says.accept(Printable.text(String.valueOf(e.getMessage())));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            places.release();
        }
    }

    private void refused() throws IOException, InterruptedException {
        if (wrong.incrementAndGet() >= MOST_WRONG) {
            says.accept("%d wrong passwords came: nobody is let in any more".formatted(MOST_WRONG));
            close();
        }
        Thread.sleep(WRONG_DELAY);
    }

    private void show(Socket viewer, DataInputStream from, DataOutputStream to)
            throws IOException, InterruptedException {
        try (AgentScreen screen = screens.connect()) {
            from.readUnsignedByte();
            AgentScreen.Opened opened = screen.open();
            to.writeShort(opened.width());
            to.writeShort(opened.height());
            to.write(opened.format());
            // Not what the agent calls it.
            byte[] name = title.getBytes(StandardCharsets.UTF_8);
            to.writeInt(name.length);
            to.write(name);
            to.flush();
            AtomicBoolean gone = new AtomicBoolean();
            Thread input = Thread.ofVirtual().name("viewer-input").start(() -> take(from, screen, gone));
            try {
                new PictureFilter(screen.input(), to).run();
                to.flush();
            } catch (IOException | UserException e) {
                if (!gone.get()) {
                    throw e;
                }
            } finally {
                viewer.close();
                input.join();
            }
        }
    }

    /** Whoever leaves first ends it. */
    private void take(DataInputStream from, AgentScreen screen, AtomicBoolean gone) {
        try (screen) {
            try {
                new InputFilter(from, screen.output()).run();
            } finally {
                gone.set(true);
            }
        } catch (Rfb.BrokenException e) {
            says.accept(Printable.text(String.valueOf(e.getMessage())));
        } catch (IOException e) {
            // One of both has gone.
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
    }
}
