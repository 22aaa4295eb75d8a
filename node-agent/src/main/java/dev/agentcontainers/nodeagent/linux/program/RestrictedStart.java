package dev.agentcontainers.nodeagent.linux.program;

import dev.agentcontainers.nodeagent.linux.program.Assembler.Label;
import java.util.ArrayList;
import java.util.List;

/**
 * A program that gives away, by Landlock, all rights to files but those of some rules, for itself and all that it becomes and starts,
 * and becomes the program that its arguments name: with the arguments behind that one, and environment and working directory as they
 * are. A name without a slash is looked for in PATH as execvp(3) does. Where anything of that fails it says so on its standard error
 * and ends with code 255, as OCI runtimes do.
 *
 * <p>A path of a rule that it may not reach is passed over: what it can't reach it needs no right to. The caller must have
 * no_new_privs. Source: landlock(7).
 *
 * @param handled all rights that it gives away where no rule has them
 */
public record RestrictedStart(Machine machine, long handled, List<Rule> rules) {
    private static final int AT_FDCWD = -100;
    private static final int O_PATH_CLOEXEC = 0x200000 | 0x80000;
    private static final int RULE_PATH_BENEATH = 1;
    private static final int ENOENT = -2;
    private static final int ENOEXEC = -8;
    private static final int EACCES = -13;
    private static final int ENOTDIR = -20;
    private static final int ENAMETOOLONG = -36;
    private static final int STANDARD_ERROR = 2;
    private static final int FAILURE = 255;

    /** Longer than any path that can be executed. */
    private static final int HALF_BUFFER = 8192;

    /** What may be done beneath a path. */
    public record Rule(String path, long rights) {}

    public RestrictedStart {
        rules = List.copyOf(rules);
    }

    /** The executable file. */
    public byte[] bytes() {
        return new Writing(this).bytes();
    }

    /** Data before all else: what can be written to stands behind them, at addresses that the code names. */
    private static final class Writing {
        private final RestrictedStart start;
        private final Assembler code;
        private final Data data = new Data();
        private final long ruleset;
        private final List<Long> paths = new ArrayList<>();
        private final long prefix = data.text("executable file `");
        private final long notFound = data.text("` not found: No such file or directory\n");
        private final long notInPath = data.text("` not found in $PATH: No such file or directory\n");
        private final long refused = data.text("`: Permission denied\n");
        private final long wrongFormat = data.text("`: Exec format error\n");
        private final long otherFailure = data.text("`: it can't be executed\n");
        private final long notRestricted;
        private final int notRestrictedLength;

        private long free;
        private final long answer;
        private final long descriptor;
        private final long rights;
        private final long arguments;
        private final long environment;
        private final long command;
        private final long at;
        private final long from;
        private final long to;
        private final long letter;
        private final long wasRefused;
        private final long ending;
        private final long buffer;
        private final long middle;
        private final long bufferEnd;

        private final Label report = new Label();
        private final Label isNotThere = new Label();
        private final Label isRefused = new Label();
        private final Label hasWrongFormat = new Label();
        private final Label failsOtherwise = new Label();

        Writing(RestrictedStart start) {
            this.start = start;
            this.code = start.machine().assembler();
            this.ruleset = data.word(start.handled());
            for (Rule rule : start.rules()) {
                paths.add(data.text(rule.path()));
            }
            String message = "agentcontainers: not started, since Landlock refused to restrict it\n";
            this.notRestricted = data.text(message);
            this.notRestrictedLength = message.length();
            this.free = data.end();
            this.answer = word();
            this.descriptor = word();
            this.rights = word();
            word();
            this.arguments = word();
            this.environment = word();
            this.command = word();
            this.at = word();
            this.from = word();
            this.to = word();
            this.letter = word();
            this.wasRefused = word();
            this.ending = word();
            this.buffer = free;
            this.middle = buffer + HALF_BUFFER;
            this.bufferEnd = middle + HALF_BUFFER - Long.BYTES;
            free = middle + HALF_BUFFER;
        }

        private long word() {
            long address = free;
            free += Long.BYTES;
            return address;
        }

        byte[] bytes() {
            restrict();
            findArguments();
            Label search = new Label();
            Label direct = new Label();
            branchIfAt(command, 0, isNotThere);
            branchAtSlash(direct);
            code.branch(search);
            code.place(direct);
            code.argumentAt(0, command);
            execute();
            code.branchIfEqual(answer, ENOTDIR, isNotThere);
            code.branchIfEqual(answer, ENOENT, isNotThere);
            code.branchIfEqual(answer, EACCES, isRefused);
            code.branchIfEqual(answer, ENOEXEC, hasWrongFormat);
            code.branch(failsOtherwise);
            code.place(search);
            search();
            reports();
            return new Executable(start.machine(), code.code(), data.content(), (int) (free - data.end())).bytes();
        }

        private void restrict() {
            Label failed = new Label();
            Label restricted = new Label();
            call(SystemCall.LANDLOCK_CREATE_RULESET, descriptor, ruleset, Long.BYTES, 0);
            code.branchIfFailed(failed);
            for (int i = 0; i < paths.size(); i++) {
                allow(paths.get(i), start.rules().get(i).rights(), failed);
            }
            code.argumentAt(0, descriptor);
            code.argument(1, 0);
            code.call(SystemCall.LANDLOCK_RESTRICT_SELF.number(start.machine()), answer);
            code.branchIfFailed(failed);
            code.branch(restricted);
            code.place(failed);
            call(SystemCall.WRITE, answer, STANDARD_ERROR, notRestricted, notRestrictedLength);
            call(SystemCall.EXIT_GROUP, answer, FAILURE);
            code.place(restricted);
        }

        private void allow(long path, long allowed, Label failed) {
            Label opened = new Label();
            Label unopened = new Label();
            Label next = new Label();
            call(SystemCall.OPENAT, answer, AT_FDCWD, path, O_PATH_CLOEXEC, 0);
            code.branchIfFailed(unopened);
            code.branch(opened);
            code.place(unopened);
            code.branchIfEqual(answer, EACCES, next);
            code.branch(failed);
            code.place(opened);
            // struct landlock_path_beneath_attr: rights, and behind them the descriptor, of 32 bits
            code.set(rights, allowed);
            code.copy(rights + Long.BYTES, answer);
            code.argumentAt(0, descriptor);
            code.argument(1, RULE_PATH_BENEATH);
            code.argument(2, rights);
            code.argument(3, 0);
            code.call(SystemCall.LANDLOCK_ADD_RULE.number(start.machine()), answer);
            code.branchIfFailed(failed);
            // However few files may be open.
            code.argumentAt(0, rights + Long.BYTES);
            code.call(SystemCall.CLOSE.number(start.machine()), answer);
            code.place(next);
        }

        private void call(SystemCall call, long result, long... values) {
            for (int i = 0; i < values.length; i++) {
                code.argument(i, values[i]);
            }
            code.call(call.number(start.machine()), result);
        }

        /** Those of the command stand behind their number and this program's name, the environment behind the zero after them. */
        private void findArguments() {
            Label next = new Label();
            Label found = new Label();
            code.stack(arguments);
            code.copy(environment, arguments);
            code.place(next);
            code.add(environment, Long.BYTES);
            code.loadWord(at, environment);
            code.branchIfEqual(at, 0, found);
            code.branch(next);
            code.place(found);
            code.add(environment, Long.BYTES);
            code.add(arguments, 2 * Long.BYTES);
            code.loadWord(command, arguments);
            Label given = new Label();
            Label missing = new Label();
            code.branchIfEqual(command, 0, missing);
            code.branch(given);
            code.place(missing);
            call(SystemCall.EXIT_GROUP, answer, FAILURE);
            code.place(given);
        }

        private void branchIfAt(long pointer, int character, Label target) {
            code.loadByte(letter, pointer);
            code.branchIfEqual(letter, character, target);
        }

        private void branchAtSlash(Label target) {
            Label next = new Label();
            Label end = new Label();
            code.copy(at, command);
            code.place(next);
            branchIfAt(at, '/', target);
            code.branchIfEqual(letter, 0, end);
            code.add(at, 1);
            code.branch(next);
            code.place(end);
        }

        /** The path that is the first argument already. */
        private void execute() {
            code.argumentAt(1, arguments);
            code.argumentAt(2, environment);
            code.call(SystemCall.EXECVE.number(start.machine()), answer);
        }

        private void search() {
            Label candidate = new Label();
            Label next = new Label();
            Label end = new Label();
            findPath(end);
            code.place(candidate);
            code.set(to, buffer);
            makeCandidate(next);
            code.argument(0, buffer);
            execute();
            for (int error : new int[] {ENOENT, ENOTDIR, ENAMETOOLONG}) {
                code.branchIfEqual(answer, error, next);
            }
            Label remember = new Label();
            code.branchIfEqual(answer, EACCES, remember);
            code.branchIfEqual(answer, ENOEXEC, hasWrongFormat);
            code.branch(failsOtherwise);
            code.place(remember);
            code.set(wasRefused, 1);
            code.place(next);
            branchIfAt(at, 0, end);
            code.add(at, 1);
            code.branch(candidate);
            code.place(end);
            code.branchIfEqual(wasRefused, 1, isRefused);
            end(notInPath);
        }

        /** {@code at} is at its first directory then. */
        private void findPath(Label none) {
            Label next = new Label();
            code.copy(from, environment);
            code.place(next);
            code.loadWord(at, from);
            code.branchIfEqual(at, 0, none);
            code.add(from, Long.BYTES);
            for (char expected : "PATH=".toCharArray()) {
                Label same = new Label();
                branchIfAt(at, expected, same);
                code.branch(next);
                code.place(same);
                code.add(at, 1);
            }
        }

        /** The directory at {@code at}, a slash and the command; {@code at} is behind the directory then. */
        private void makeCandidate(Label tooLong) {
            Label next = new Label();
            Label skip = new Label();
            Label directory = new Label();
            Label current = new Label();
            Label name = new Label();
            code.place(next);
            branchIfAt(at, ':', directory);
            code.branchIfEqual(letter, 0, directory);
            code.branchIfEqual(to, middle, skip);
            put();
            code.add(at, 1);
            code.branch(next);
            code.place(skip);
            branchIfAt(at, ':', tooLong);
            code.branchIfEqual(letter, 0, tooLong);
            code.add(at, 1);
            code.branch(skip);
            code.place(directory);
            // An empty one is the working directory.
            code.branchIfEqual(to, buffer, current);
            code.branch(name);
            code.place(current);
            code.set(letter, '.');
            put();
            code.place(name);
            code.set(letter, '/');
            put();
            code.copy(from, command);
            append(tooLong);
        }

        /** Writes {@code letter} at {@code to}. */
        private void put() {
            code.storeByte(to, letter);
            code.add(to, 1);
        }

        /** Writes what {@code from} leads to, and the zero at its end, behind which {@code to} is not. */
        private void append(Label tooLong) {
            Label next = new Label();
            Label end = new Label();
            code.place(next);
            code.branchIfEqual(to, bufferEnd, tooLong);
            code.loadByte(letter, from);
            code.storeByte(to, letter);
            code.branchIfEqual(letter, 0, end);
            code.add(to, 1);
            code.add(from, 1);
            code.branch(next);
            code.place(end);
        }

        private void reports() {
            code.place(isNotThere);
            end(notFound);
            code.place(isRefused);
            end(refused);
            code.place(hasWrongFormat);
            end(wrongFormat);
            code.place(failsOtherwise);
            end(otherFailure);
            code.place(report);
            Label tooLong = new Label();
            Label tail = new Label();
            code.set(to, buffer);
            code.set(from, prefix);
            append(tail);
            code.copy(from, command);
            append(tooLong);
            code.branch(tail);
            code.place(tooLong);
            // The end of a very long name gives way to what is to be said of it.
            code.set(to, middle);
            code.place(tail);
            code.copy(from, ending);
            Label said = new Label();
            append(said);
            code.place(said);
            code.add(to, -buffer);
            code.argument(0, STANDARD_ERROR);
            code.argument(1, buffer);
            code.argumentAt(2, to);
            code.call(SystemCall.WRITE.number(start.machine()), answer);
            call(SystemCall.EXIT_GROUP, answer, FAILURE);
        }

        /** Says that, behind the name of the program, and ends. */
        private void end(long text) {
            code.set(ending, text);
            code.branch(report);
        }
    }
}
