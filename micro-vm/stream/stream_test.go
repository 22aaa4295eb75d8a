package stream

import (
	"bytes"
	"io"
	"math/rand"
	"testing"
	"time"

	"agentcontainers.dev/micro-vm/protocol"
)

func TestAnInboxKeepsOrderAndTakesNoMoreThanAWindow(t *testing.T) {
	inbox, random := NewInbox(), rand.New(rand.NewSource(2))
	var put, taken bytes.Buffer
	buffer := make([]byte, protocol.Chunk)
	for round := 0; round < 1000; round++ {
		bytesOf := make([]byte, 1+random.Intn(protocol.Chunk))
		random.Read(bytesOf)
		switch err := inbox.Put(bytesOf); {
		case put.Len()-taken.Len()+len(bytesOf) > protocol.Window:
			if err != ErrOverrun {
				t.Fatal("more than a window was taken", err)
			}
		case err != nil:
			t.Fatal(err)
		default:
			put.Write(bytesOf)
		}
		if put.Len() > taken.Len() {
			count, err := inbox.Take(buffer[:1+random.Intn(len(buffer))])
			if err != nil {
				t.Fatal(err)
			}
			taken.Write(buffer[:count])
		}
	}
	inbox.End()
	for {
		count, err := inbox.Take(buffer)
		if err == io.EOF {
			break
		}
		taken.Write(buffer[:count])
	}
	if !bytes.Equal(put.Bytes(), taken.Bytes()) {
		t.Error("other bytes were taken than were put")
	}
}

func TestAllThatIsTakenIsToldInParts(t *testing.T) {
	inbox := NewInbox()
	told := uint32(0)
	for i := 0; i < protocol.Window; i++ {
		part := inbox.Taken(1)
		if part != 0 && part != protocol.Window/4 {
			t.Fatal(part)
		}
		told += part
	}
	if told != protocol.Window {
		t.Error(told)
	}
}

func TestAnAllowanceIsAWindowAndNoMore(t *testing.T) {
	allowance := NewAllowance()
	if allowance.Add(1) != ErrCredit || allowance.Add(1<<32-1) != ErrCredit {
		t.Error("more than a window is allowed")
	}
	if got := allowance.Acquire(2 * protocol.Window); got != protocol.Window {
		t.Error(got)
	}
	acquired := make(chan int)
	go func() { acquired <- allowance.Acquire(10) }()
	select {
	case got := <-acquired:
		t.Error("nothing was left, and there was", got)
	case <-time.After(20 * time.Millisecond):
	}
	if err := allowance.Add(3); err != nil {
		t.Error(err)
	}
	if got := <-acquired; got != 3 {
		t.Error(got)
	}
	go func() { acquired <- allowance.Acquire(10) }()
	allowance.Close()
	if got := <-acquired; got != 0 {
		t.Error(got)
	}
}
