// The program micro-vm is both ends of a machine that one agent runs in: "monitor run" is the first process of the container around the
// machine, "monitor exec" begins a further process in the guest, and called as "init" it is the guest's own first process.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"agentcontainers.dev/micro-vm/guest"
	"agentcontainers.dev/micro-vm/monitor"
)

const usage = `Runs an agent in a virtual machine of its own, from within the container that is around the machine.

  monitor run [--machine FOLDER]
      Boots the machine and runs the command of config.json there, with the streams, the signals and the exit code of this process.
      Exit code 125 means that the machine ended before the command did.
  monitor exec [--machine FOLDER] [--terminal] [--] COMMAND [ARGUMENT]...
      Runs a further command in the machine, with the streams, the environment, the signals and the exit code of this process.

FOLDER (/machine) has config.json, kernel, initrd, root, run and, for a network, tun: see README.md.
`

func main() {
	if filepath.Base(os.Args[0]) == "init" && os.Getpid() == 1 {
		guest.Run()
	}
	arguments := os.Args[1:]
	if len(arguments) == 0 {
		fail("a command is missing")
	}
	switch arguments[0] {
	case "run":
		flags := flag.NewFlagSet("run", flag.ContinueOnError)
		flags.SetOutput(io.Discard)
		folder := flags.String("machine", monitor.Folder, "")
		if err := flags.Parse(arguments[1:]); err != nil {
			fail(err.Error())
		}
		if flags.NArg() > 0 {
			fail("run takes its command from config.json")
		}
		os.Exit(monitor.Run(*folder))
	case "exec":
		folder, terminal, command, err := monitor.ParseExec(arguments[1:])
		if err != nil {
			fail(err.Error())
		}
		os.Exit(monitor.Exec(folder, terminal, command))
	case guest.Begin:
		guest.BeginCommand()
	case "help", "--help", "-h":
		fmt.Print(usage)
	default:
		fail("there is no command " + arguments[0])
	}
}

func fail(message string) {
	fmt.Fprintf(os.Stderr, "micro-VM: %s\n\n%s", message, usage)
	os.Exit(monitor.Failed)
}
