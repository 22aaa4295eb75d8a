package dev.agentcontainers.nodeagent.standalone;

import java.io.IOException;

/** Who has started a run. Output comes on one thread; everything else may come on others at the same time. */
public interface RunObserver {
    /** Which of the agent's streams. */
    enum Stream {
        OUTPUT,
        ERROR_OUTPUT
    }

    /**
     * A piece of the agent's output as it comes; may block, which loses nothing and stops nothing but the output.
     *
     * @throws IOException where nobody takes it any more: the run is stopped then
     */
    void output(Stream stream, byte[] data) throws IOException;

    /** What is being done, for who wants to follow. */
    void progress(String text);

    /** What the user should know although the run goes on. */
    void warning(String text);
}
