package guest

import (
	"fmt"
	"os"
	"time"
)

// Of it 2 drops names and what is known of files, and 4 nothing, but the word of it. Source: the kernel's admin-guide/sysctl/vm.rst.
const dropCaches = "/proc/sys/vm/drop_caches"

// forgetFiles has the kernel forget files that nobody uses, once there are so many of them beside its own: the host has each of them open,
// and memory taken for it. By itself the kernel would do that only for want of its own memory.
func forgetFiles(most int) error {
	own, err := countFiles()
	if err != nil {
		return err
	}
	// Without a word in the kernel's log.
	if err := os.WriteFile(dropCaches, []byte("4"), 0); err != nil {
		return err
	}
	go func() {
		limit := own + most
		for range time.Tick(250 * time.Millisecond) {
			count, err := countFiles()
			if err != nil || count <= limit {
				continue
			}
			_ = os.WriteFile(dropCaches, []byte("2"), 0)
			// What is in use stays, and is not asked for time and again.
			limit = own + most
			if inUse, err := countFiles(); err == nil && inUse+most/4 > limit {
				limit = inUse + most/4
			}
		}
	}()
	return nil
}

func countFiles() (int, error) {
	text, err := os.ReadFile("/proc/sys/fs/inode-nr")
	if err != nil {
		return 0, err
	}
	var count int
	_, err = fmt.Sscan(string(text), &count)
	return count, err
}
