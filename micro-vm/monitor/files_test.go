package monitor

import (
	"os"
	"testing"
	"time"
)

func TestHalfOfTheDescriptorsAreForFilesThatNobodyUses(t *testing.T) {
	for descriptors, kept := range map[uint64]int{
		0: 1, 600: 1, 625: 1, 627: 1, 1024: 199, 20000: 9687, 65536: 32455, 66200: 32768, 1 << 20: 32768, ^uint64(0): 32768,
	} {
		if found := keptFiles(descriptors); found != kept {
			t.Errorf("of %d: %d, not %d", descriptors, found, kept)
		}
	}
}

func TestAFailureThatItsWriterOutlivesIsSeen(t *testing.T) {
	reading, writing, err := os.Pipe()
	mustSucceed(t, err)
	defer writing.Close()
	said := followUntil(reading, "panicked at")
	for _, part := range []string{"fine\n", "thread 'x' pani", "cked at src\n", "panicked at once more\n"} {
		_, err := writing.WriteString(part)
		mustSucceed(t, err)
	}
	select {
	case <-said.alarm:
	case <-time.After(10 * time.Second):
		t.Error("nobody was told")
	}
}
