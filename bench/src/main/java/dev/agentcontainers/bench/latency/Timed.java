package dev.agentcontainers.bench.latency;

import dev.agentcontainers.bench.Samples;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.TreeMap;

/** Measures every call of an interface, by its method. Thread-safe. */
final class Timed {
    private final Map<String, Samples> calls = new TreeMap<>();
    private volatile boolean counting;

    /** Calls before this are the warming up. */
    void begin() {
        counting = true;
    }

    Map<String, Samples> calls() {
        return calls;
    }

    <T> T proxy(Class<T> type, T target) {
        String prefix = type.getSimpleName() + ".";
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(),
                new Class<?>[] {type},
                (_, method, arguments) -> call(prefix, method, target, arguments)));
    }

    private Object call(String prefix, Method method, Object target, Object[] arguments) throws Throwable {
        long begin = System.nanoTime();
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getTargetException();
        } finally {
            if (counting) {
                samples(prefix + method.getName()).addNanos(System.nanoTime() - begin);
            }
        }
    }

    private synchronized Samples samples(String name) {
        return calls.computeIfAbsent(name, _ -> new Samples());
    }
}
