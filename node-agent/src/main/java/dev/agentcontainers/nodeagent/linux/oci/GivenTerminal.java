package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.process.Descriptor;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * A terminal of ours that the runtime has as its own. gVisor's program has this one itself, and no other. It shows nothing
 * after the runtime's end, whoever was left behind with it.
 */
final class GivenTerminal implements ExecStreams {
    private final DescriptorCalls calls;
    private final Descriptor control;
    private final int program;
    private final CompletableFuture<Integer> exit = new CompletableFuture<>();

    private GivenTerminal(DescriptorCalls calls, Descriptor control, int program) {
        this.calls = calls;
        this.control = control;
        this.program = program;
    }

    static GivenTerminal open(RuntimeCommand command) throws IOException {
        int[] ends = new int[2];
        Shim.check("make a terminal", command.descriptors().terminal(ends));
        GivenTerminal terminal = new GivenTerminal(command.descriptors(), command.own(ends[0]), ends[1]);
        terminal.resize(WindowSize.DEFAULT.columns(), WindowSize.DEFAULT.rows());
        return terminal;
    }

    /** Has it change nothing of what goes through it; before the runtime is started. */
    void passOnBytes() throws IOException {
        Shim.check("let a terminal pass on bytes", calls.passOnBytes(program));
    }

    @Override
    public Map<Integer, Integer> theirs() {
        return Map.of(0, program, 1, program, 2, program);
    }

    @Override
    public boolean controlled() {
        return true;
    }

    @Override
    public void closeTheirs() {
        calls.close(program);
    }

    @Override
    public void begun(RuntimeExecSession session) {
        session.exit().thenAccept(exit::complete);
    }

    @Override
    public OutputStream input() {
        return Keyboard.of(control.output());
    }

    @Override
    public InputStream output() {
        return control.inputUntil(exit);
    }

    @Override
    public void resize(int columns, int rows) {
        control.resize(columns, rows);
    }

    @Override
    public void close() {
        control.close();
    }
}
