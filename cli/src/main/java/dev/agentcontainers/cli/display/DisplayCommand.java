package dev.agentcontainers.cli.display;

import dev.agentcontainers.cli.gateway.GatewayAccess;
import dev.agentcontainers.cli.record.AgentName;
import dev.agentcontainers.cli.streams.AgentOptions;
import dev.agentcontainers.cli.streams.GatewayDisplay;
import dev.agentcontainers.cli.terminal.Printable;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.protocol.client.GatewayHttp;
import io.fabric8.kubernetes.client.Config;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code agentctl display}. */
@Command(
        name = "display",
        description = {
            "Shows the display of an agent that has one (spec.session.display).",
            "",
            "agentctl display researcher            for a VNC viewer of this machine",
            "agentctl display --web researcher      for a browser of this machine",
            "",
            "It prints where the viewer finds it and the password, made for this run, or the",
            "page's address, which nobody else knows, and ends with Ctrl-C. Several viewers",
            "may look on. What they type and point at is the agent's; clipboards pass",
            "neither way.",
            "It goes through the cluster's gateway, and needs the right to create",
            "agentcontainers/display (role admin).",
            ""
        },
        sortOptions = false,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"1:the display can't be shown, and the message says why", "2:the command line is wrong"})
public final class DisplayCommand implements Callable<Integer> {
    private static final int MOST_PORT = 65_535;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Mixin
    private AgentOptions options = new AgentOptions();

    @Option(
            names = "--port",
            paramLabel = "PORT",
            description = "Port of 127.0.0.1 for viewers or the page. Default: any that is free.")
    private int port;

    @Option(names = "--web", description = "Show it on a page, in place of to VNC viewers.")
    private boolean web;

    @Parameters(paramLabel = "[NAMESPACE/]NAME", description = "The AgentContainer.")
    private String name = "";

    @Override
    public Integer call() throws InterruptedException {
        if (port < 0 || port > MOST_PORT) {
            throw new UserException("--port is %d, must be 1 to %d, or 0 for any".formatted(port, MOST_PORT), 2);
        }
        Config config = options.config();
        AgentName agent = agent(config);
        try (GatewayHttp gateway = GatewayAccess.open(config, options.operatorNamespace())) {
            GatewayDisplay display = new GatewayDisplay(gateway, agent.namespace(), agent.name());
            Screens screens = () -> AgentScreen.greet(display.connect());
            // Who may not see it, or would see nothing, is told now and not by the viewer.
            screens.connect().close();
            serve(screens, agent);
            return 1;
        } catch (IOException e) {
            throw new UserException("the display can't be shown: " + Printable.text(String.valueOf(e.getMessage())));
        }
    }

    private void serve(Screens screens, AgentName agent) throws IOException, InterruptedException {
        PrintWriter errors = spec.commandLine().getErr();
        Consumer<String> says = line -> {
            errors.println("agentctl: " + line);
            errors.flush();
        };
        if (web) {
            try (WebView page = WebView.listen(port, screens, says)) {
                print(page.address());
                new CountDownLatch(1).await();
            }
            return;
        }
        ViewerGreeting greeting = ViewerGreeting.withNewPassword();
        try (ViewerPort viewers =
                ViewerPort.listen(port, screens, greeting, agent.namespace() + "/" + agent.name(), says)) {
            print("vnc://127.0.0.1:%d password %s".formatted(viewers.port(), greeting.password()));
            viewers.serve();
        }
    }

    private void print(String line) {
        PrintWriter out = spec.commandLine().getOut();
        out.println(line);
        out.flush();
    }

    private AgentName agent(Config config) {
        return name.contains("/")
                ? AgentName.parse(name)
                        .orElseThrow(() -> new UserException("'%s' must be NAME or NAMESPACE/NAME".formatted(name), 2))
                : new AgentName(options.namespace(config), name);
    }
}
