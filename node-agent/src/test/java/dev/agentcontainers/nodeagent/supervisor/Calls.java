package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What one node-agent process calls on its machine. Can make calls fail, and can end the process at a call: then that
 * call and every later one throws {@link Crash}, as if nobody were there any more. Thread-safe.
 */
final class Calls {
    private final Map<String, SandboxException> failures = new HashMap<>();
    private final Map<String, Action> afterwards = new HashMap<>();
    private final List<String> made = new ArrayList<>();
    private Optional<Point> crashAt = Optional.empty();
    private boolean dead;

    /** The process is gone. */
    static final class Crash extends Error {
        private static final long serialVersionUID = 1;

        Crash() {
            super("the process has crashed", null, false, false);
        }
    }

    /** @param number of the call, from 0; @param after whether the call has taken effect */
    record Point(int number, boolean after) {}

    /** An effect with a result. */
    interface Effect<T> {
        T take() throws SandboxException;
    }

    /** An effect without one. */
    interface Action {
        void take() throws SandboxException;
    }

    synchronized void crashAt(Point point) {
        crashAt = Optional.of(point);
    }

    synchronized void fail(String call, SandboxException failure) {
        failures.put(call, failure);
    }

    /** Such a call fails though it has taken effect. */
    void failAfter(String call, SandboxException failure) {
        after(call, () -> {
            throw failure;
        });
    }

    /** Happens when such a call has taken effect, before its caller hears of it. */
    synchronized void after(String call, Action action) {
        afterwards.put(call, action);
    }

    synchronized void heal() {
        failures.clear();
        afterwards.clear();
    }

    synchronized void die() {
        dead = true;
    }

    synchronized boolean isDead() {
        return dead;
    }

    synchronized List<String> made() {
        return List.copyOf(made);
    }

    <T> T call(String name, Effect<T> effect) throws SandboxException {
        int number = begin(name);
        T result = effect.take();
        end(name, number);
        return result;
    }

    void act(String name, Action action) throws SandboxException {
        int number = begin(name);
        action.take();
        end(name, number);
    }

    private synchronized int begin(String name) throws SandboxException {
        int number = made.size();
        made.add(name);
        crashIf(new Point(number, false));
        SandboxException failure = failures.get(name);
        if (failure != null) {
            throw failure;
        }
        return number;
    }

    private void end(String name, int number) throws SandboxException {
        afterwards(name).take();
        crashAfter(number);
    }

    private synchronized Action afterwards(String name) {
        return afterwards.getOrDefault(name, () -> {});
    }

    private synchronized void crashAfter(int number) {
        crashIf(new Point(number, true));
    }

    private void crashIf(Point point) {
        if (crashAt.filter(point::equals).isPresent()) {
            dead = true;
        }
        if (dead) {
            throw new Crash();
        }
    }
}
