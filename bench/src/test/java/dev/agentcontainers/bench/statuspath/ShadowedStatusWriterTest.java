package dev.agentcontainers.bench.statuspath;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.operator.status.StatusWriter;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URL;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The class that stands in for the operator's own has to have what the operator calls. */
class ShadowedStatusWriterTest {
    private static final String FILE = StatusWriter.class.getName().replace('.', '/') + ".class";

    @Test
    void hasEveryMethodOfTheOperators() throws Exception {
        List<URL> files = Collections.list(StatusWriter.class.getClassLoader().getResources(FILE));
        assertThat(files).as("the shadow, and the operator's own").hasSize(2);

        assertThat(methods(files.getFirst())).containsAll(methods(files.getLast()));
    }

    private static List<String> methods(URL file) throws IOException, ClassNotFoundException {
        try (InputStream content = file.openStream()) {
            Class<?> loaded = new Defining(content.readAllBytes()).loadClass(StatusWriter.class.getName());
            return Arrays.stream(loaded.getDeclaredMethods())
                    .filter(method -> !Modifier.isPrivate(method.getModifiers()) && !method.isSynthetic())
                    .map(Method::toString)
                    .toList();
        }
    }

    /** Takes this one class from what it is given. */
    private static final class Defining extends ClassLoader {
        private final byte[] content;

        Defining(byte[] content) {
            super(StatusWriter.class.getClassLoader());
            this.content = content;
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (name.equals(StatusWriter.class.getName())) {
                Class<?> known = findLoadedClass(name);
                return known != null ? known : defineClass(name, content, 0, content.length);
            }
            return super.loadClass(name, resolve);
        }
    }
}
