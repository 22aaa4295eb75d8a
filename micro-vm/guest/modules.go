package guest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"unsafe"
)

// loadModules loads what the file "order" of a folder names, in that order. A folder that isn't there has nothing to load.
func loadModules(folder string) error {
	order, err := os.ReadFile(filepath.Join(folder, "order"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range strings.Fields(string(order)) {
		module, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		if len(module) == 0 {
			return fmt.Errorf("module %s is empty", name)
		}
		none := []byte{0}
		_, _, failure := syscall.Syscall(syscall.SYS_INIT_MODULE, uintptr(unsafe.Pointer(&module[0])), uintptr(len(module)),
			uintptr(unsafe.Pointer(&none[0])))
		if failure != 0 && failure != syscall.EEXIST {
			return fmt.Errorf("loading module %s: %w", name, failure)
		}
	}
	return nil
}
