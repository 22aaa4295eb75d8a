package dev.agentcontainers.cli.image;

import dev.agentcontainers.cli.terminal.StandardStream;
import dev.agentcontainers.nodeagent.image.ImagePlatform;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.ImageSource;
import dev.agentcontainers.nodeagent.image.store.Admission;
import dev.agentcontainers.nodeagent.image.store.ImageStore;
import dev.agentcontainers.nodeagent.image.store.StoredImage;
import java.io.IOException;
import picocli.CommandLine;

/** Gets images into a store and says what came of it: on standard output, for programs, the exact image and nothing else. */
final class Received {
    private final CommandLine line;
    private final boolean quiet;

    Received(CommandLine line, boolean quiet) {
        this.line = line;
        this.quiet = quiet;
    }

    StoredImage from(ImageSource source, ImageReference reference, Admission admission, ImageStore store)
            throws IOException, InterruptedException {
        boolean told = !quiet && StandardStream.ERROR.isTerminal();
        if (told) {
            line.getErr().println(reference);
        }
        StoredImage image;
        String summary;
        try (PullProgress progress = new PullProgress(line.getErr(), told)) {
            image = store.pull(reference, source, admission, ImagePlatform.ofThisMachine(), progress);
            summary = progress.summary();
        }
        if (told) {
            line.getErr().println("  " + summary);
        }
        line.getOut().println(reference.pinned(image.digest()));
        line.getOut().flush();
        return image;
    }
}
