package dev.agentcontainers.nodeagent.strength;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the last report of each driver on disk, so that a node agent that is started again need not wait for the next. One that
 * can't be read is as good as none. Thread-safe for different drivers.
 *
 * @param folder for root only
 */
public record StrengthReports(Path folder) {
    private static final Logger LOG = LoggerFactory.getLogger(StrengthReports.class);
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** With the time as text. */
    private record Stored(
            String suite,
            String driver,
            String version,
            IsolationLevel claimed,
            String kernel,
            String at,
            List<ProbeResult> results) {}

    /** The report that was made by this suite on this kernel. */
    public Optional<StrengthReport> read(String driver, String suite, String kernel) {
        Path file = file(driver);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            Stored stored = JSON.readValue(Files.readString(file), Stored.class);
            return stored.suite().equals(suite)
                            && stored.kernel().equals(kernel)
                            && stored.driver().equals(driver)
                    ? Optional.of(new StrengthReport(
                            suite,
                            driver,
                            stored.version(),
                            stored.claimed(),
                            kernel,
                            Instant.parse(stored.at()),
                            stored.results()))
                    : Optional.empty();
        } catch (IOException | DateTimeException | NullPointerException e) {
            LOG.warn("{} can't be read: the isolation of driver {} is measured anew", file, driver, e);
            return Optional.empty();
        }
    }

    /** Where it can't be written, the next start has to wait for a new one. */
    public void write(StrengthReport report) {
        Path file = file(report.driver());
        try {
            Files.createDirectories(folder);
            Path draft = Files.createTempFile(folder, "draft-", "");
            Files.writeString(
                    draft,
                    JSON.writeValueAsString(new Stored(
                            report.suite(),
                            report.driver(),
                            report.version(),
                            report.claimed(),
                            report.kernel(),
                            report.at().toString(),
                            report.results())));
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        } catch (IOException e) {
            LOG.warn("the report of driver {} can't be kept in {}", report.driver(), file, e);
        }
    }

    private Path file(String driver) {
        return folder.resolve(driver + ".json");
    }
}
