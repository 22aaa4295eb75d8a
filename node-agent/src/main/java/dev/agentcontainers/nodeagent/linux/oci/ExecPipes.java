package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.process.Descriptor;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * A pipe for each of the three, which the runtime passes on to its process. After the runtime's end they give what they hold
 * and nothing more, whoever was left behind with them.
 */
record ExecPipes(
        DescriptorCalls calls, List<Descriptor> ours, Map<Integer, Integer> theirs, CompletableFuture<Integer> exit)
        implements ExecStreams {
    /** @param input whether anything will be written to it */
    static ExecPipes open(RuntimeCommand command, boolean input) throws IOException {
        ExecPipes pipes =
                new ExecPipes(command.descriptors(), new ArrayList<>(), new HashMap<>(), new CompletableFuture<>());
        try {
            for (int standard = 0; standard < 3; standard++) {
                int[] ends = new int[2];
                Shim.check("make a pipe", command.descriptors().pipe(ends));
                pipes.theirs.put(standard, standard == 0 ? ends[0] : ends[1]);
                pipes.ours.add(command.own(standard == 0 ? ends[1] : ends[0]));
            }
        } catch (IOException e) {
            pipes.closeTheirs();
            pipes.close();
            throw e;
        }
        if (!input) {
            pipes.ours.getFirst().close();
        }
        return pipes;
    }

    @Override
    public void closeTheirs() {
        theirs.values().forEach(calls::close);
        theirs.clear();
    }

    @Override
    public void begun(RuntimeExecSession session) {
        session.exit().thenAccept(exit::complete);
    }

    @Override
    public OutputStream input() {
        return ours.get(0).output();
    }

    @Override
    public InputStream output() {
        return ours.get(1).pipedUntil(exit);
    }

    @Override
    public InputStream error() {
        return ours.get(2).pipedUntil(exit);
    }

    @Override
    public void close() {
        ours.forEach(Descriptor::close);
    }
}
