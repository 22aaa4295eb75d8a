package guest

import (
	"fmt"
	"os"
	"time"
)

// Of it 2 drops names and what is known of files, and 4 nothing, but the word of it. Source: the kernel's admin-guide/sysctl/vm.rst.
const dropCaches = "/proc/sys/vm/drop_caches"

// How long it is between two looks at how many files there are: far from the limit, and near it.
const (
	seldom = 250 * time.Millisecond
	often  = 25 * time.Millisecond
)

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
		for wait := seldom; ; time.Sleep(wait) {
			count, err := countFiles()
			if err != nil {
				continue
			}
			if wait = seldom; count > limit/2 {
				wait = often
			}
			if limit = lowered(limit, count, own, most); count <= limit {
				continue
			}
			_ = os.WriteFile(dropCaches, []byte("2"), 0)
			if inUse, err := countFiles(); err == nil {
				limit = limitWith(inUse, own, most)
			}
		}
	}()
	return nil
}

// limitWith is how many files there may be where so many are in use: those stay, and are not asked for time and again.
func limitWith(inUse, own, most int) int {
	if own+most > inUse+most/4 {
		return own + most
	}
	return inUse + most/4
}

// lowered is the limit once files that were in use are no more.
func lowered(limit, count, own, most int) int {
	if count+most/4 < limit {
		return limitWith(count, own, most)
	}
	return limit
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
