// Package monitor is the host's side: the first process of the container that the machine runs in, and the clients that begin further
// processes in the guest. It runs as the agent's own user, without any privilege.
package monitor

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Configuration is the file config.json of the machine's folder.
type Configuration struct {
	QEMU             string   `json:"qemu"`
	Accelerator      string   `json:"accelerator"`
	MemoryBytes      int64    `json:"memoryBytes"`
	Processors       int      `json:"processors"`
	Tasks            int64    `json:"tasks"`
	OpenFiles        uint64   `json:"openFiles"`
	Hostname         string   `json:"hostname"`
	User             int      `json:"user"`
	Group            int      `json:"group"`
	Groups           []int    `json:"groups"`
	WorkingDirectory string   `json:"workingDirectory"`
	Command          []string `json:"command"`
	Privileged       bool     `json:"privileged"`
	Interface        string   `json:"interface"`

	folder string
}

func readConfiguration(folder string) (Configuration, error) {
	configuration := Configuration{folder: folder, WorkingDirectory: "/"}
	bytes, err := os.ReadFile(filepath.Join(folder, "config.json"))
	if err != nil {
		return configuration, err
	}
	decoder := json.NewDecoder(strings.NewReader(string(bytes)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&configuration); err != nil {
		return configuration, fmt.Errorf("config.json: %w", err)
	}
	switch {
	case configuration.Accelerator != "kvm" && configuration.Accelerator != "tcg":
		return configuration, fmt.Errorf("config.json: accelerator is %q, not kvm or tcg", configuration.Accelerator)
	case configuration.MemoryBytes < 1<<20:
		return configuration, fmt.Errorf("config.json: memoryBytes is %d", configuration.MemoryBytes)
	case configuration.Processors < 1:
		return configuration, fmt.Errorf("config.json: processors is %d", configuration.Processors)
	case !filepath.IsAbs(configuration.QEMU):
		return configuration, fmt.Errorf("config.json: qemu is %q, not a path from the root", configuration.QEMU)
	case !filepath.IsAbs(configuration.WorkingDirectory):
		return configuration, fmt.Errorf("config.json: workingDirectory is %q", configuration.WorkingDirectory)
	case len(configuration.Command) == 0:
		return configuration, errors.New("config.json: command is empty")
	}
	return configuration, nil
}

func (c Configuration) path(name string) string { return filepath.Join(c.folder, name) }

// machineBytes is the memory that the machine has: less than it may take, for which the host has page tables in QEMU, in virtiofsd and for
// the processors, of 3/512 of it together where there are no large pages.
func (c Configuration) machineBytes() int64 { return c.MemoryBytes - c.MemoryBytes/128 }
