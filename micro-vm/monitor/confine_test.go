package monitor

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestWhatServesFilesMayDoNothingBesideThem has a program in virtiofsd's place do what a guest could have virtiofsd do with names that lead
// out of the root: it passes them on as they are.
func TestWhatServesFilesMayDoNothingBesideThem(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	machine := t.TempDir()
	for _, folder := range []string{"root", "root/a", "root/b", "run"} {
		mustSucceed(t, os.Mkdir(filepath.Join(machine, folder), 0o777))
	}
	for _, file := range []string{"root/there", "run/control", "config.json"} {
		mustSucceed(t, os.WriteFile(filepath.Join(machine, file), []byte("kept"), 0o666))
	}
	mustSucceed(t, os.Symlink("../run", filepath.Join(machine, "root/out")))
	run := func(script string) (string, bool) {
		reading, writing, err := os.Pipe()
		mustSucceed(t, err)
		process, err := startConfined(filepath.Join(machine, "root"), shell, []string{"sh", "-c", script}, &os.ProcAttr{
			Dir: filepath.Join(machine, "root"), Env: []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "M=" + machine}, Files: []*os.File{nil, writing, writing},
		})
		writing.Close()
		if err != nil && strings.Contains(err.Error(), "Landlock: the kernel") {
			t.Skip(err)
		}
		mustSucceed(t, err)
		var said bytes.Buffer
		_, _ = said.ReadFrom(reading)
		state, err := process.Wait()
		mustSucceed(t, err)
		return said.String(), state.Success()
	}
	for _, attack := range []string{
		"rm ../run/control", "rm $M/run/control", "rm out/control", "rmdir ../run", "mkdir ../run/new", "mkdir $M/new", "ln -s x ../run/x",
		"ln -s x $M/x", "mkfifo ../run/pipe", "mv there ../run/there", "mv ../run/control control", "mv $M/run/control $M/run/other",
		"ln there ../run/linked", "ln ../config.json own", "echo x >../config.json", "echo x >>$M/run/control", "echo x >../run/new",
		"cat ../config.json", "cat ../run/control", "ls ..", "ls /", "exec 3<.. && ls /proc/self/fd/3",
	} {
		said, succeeded := run(attack)
		if succeeded || !strings.Contains(said, "ermission denied") && !strings.Contains(said, "ross-device") {
			t.Errorf("%s: %t, %s", attack, succeeded, said)
		}
	}
	for _, file := range []string{"root/there", "run/control", "config.json"} {
		content, err := os.ReadFile(filepath.Join(machine, file))
		if err != nil || string(content) != "kept" {
			t.Error(file, string(content), err)
		}
	}
	said, succeeded := run("cat there && echo x >a/new && mv a/new b/moved && ln b/moved a/linked && ln -s x a/link && mkfifo a/pipe && mkdir a/d" +
		" && mv a/d b/d && : >b/moved && rm a/linked && rmdir b/d && exec 3<b && ls /proc/self/fd/3 && exec 4<>b/moved && echo y >/proc/self/fd/4")
	if !succeeded || said != "keptmoved\n" {
		t.Error(succeeded, said)
	}
}

func mustSucceed(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
