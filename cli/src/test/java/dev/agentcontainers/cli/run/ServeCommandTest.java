package dev.agentcontainers.cli.run;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.cli.terminal.UserException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class ServeCommandTest {
    /** Before the user is looked at, so that no test can ever serve: each line has a flag that is wrong. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --never-allow 10.0.0.1:443   | serve: --never-allow: '10.0.0.1:443' must be an address or a range
            --never-allow api.example.org| serve: --never-allow: 'api.example.org' must be an address or a range
            --never-allow 10.0.0.1/8     | serve: --never-allow: '10.0.0.1/8' has bits set beyond its prefix: write 10.0.0.0/8
            --share 0                    | --share 1 to 100
            --runs 65                    | --runs must be 1 to 64
            """)
    void refusesWrongFlags(String flags, String says) {
        ServeCommand command = new ServeCommand();
        new CommandLine(command).parseArgs(flags.split(" ", -1));

        assertThatThrownBy(command::call).isInstanceOf(UserException.class).hasMessageContaining(says);
    }
}
