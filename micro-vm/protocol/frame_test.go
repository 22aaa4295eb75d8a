package protocol

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand"
	"reflect"
	"strings"
	"testing"
)

func raw(length uint32, kind Kind, session uint32, body ...byte) []byte {
	frame := binary.BigEndian.AppendUint32(nil, length)
	frame = binary.BigEndian.AppendUint32(append(frame, byte(kind)), session)
	return append(frame, body...)
}

func TestFramesArriveAsTheyWereSent(t *testing.T) {
	var sent bytes.Buffer
	writer := NewWriter(&sent)
	frames := []Frame{
		{Hello, 0, NumberBody(Version)},
		{Ready, 0, []byte{}},
		{Data, 7, append([]byte{Errors}, strings.Repeat("x", Chunk)...)},
		{Credit, 1 << 31, CreditBody(Output, Window)},
		{End, 7, []byte{Output}},
		{Exit, 7, []byte{137}},
	}
	for _, frame := range frames {
		if err := writer.Write(frame.Kind, frame.Session, frame.Body); err != nil {
			t.Fatal(err)
		}
	}
	reader := NewReader(&sent, FromGuest)
	for _, frame := range frames {
		if read, err := reader.Read(); err != nil || !reflect.DeepEqual(read, frame) {
			t.Errorf("%v was read as %v, %v", frame, read, err)
		}
	}
	if _, err := reader.Read(); err != io.EOF {
		t.Error(err)
	}
}

func TestFramesThatBreakARuleAreRefusedBeforeTheyAreTaken(t *testing.T) {
	for what, bytesOf := range map[string][]byte{
		"no kind":                  raw(0, 0, 0),
		"unknown kind":             raw(0, Exit+1, 1),
		"greatest kind":            raw(0, 255, 1),
		"longest length":           raw(1<<32-1, Data, 1),
		"a chunk and one":          raw(Chunk+2, Data, 1),
		"data without bytes":       raw(1, Data, 1, Output),
		"data without a stream":    raw(0, Data, 1),
		"unknown stream":           raw(2, Data, 1, 3, 'x'),
		"greatest stream":          raw(1, End, 1, 255),
		"data of no session":       raw(2, Data, 0, Output, 'x'),
		"hello of a session":       raw(4, Hello, 1, 0, 0, 0, 1),
		"a short credit":           raw(4, Credit, 1, Output, 0, 0, 0),
		"a long exit":              raw(2, Exit, 1, 0, 0),
		"the host's configuration": raw(2, Configure, 0, '{', '}'),
		"the host's start":         raw(LongestCommand, Start, 1),
		"the host's signal":        raw(1, Signal, 1, 9),
		"the host's abort":         raw(0, Abort, 1),
		"a long failure":           raw(1025, Failure, 0),
		"cut off header":           raw(0, Ready, 0)[:5],
		"cut off body":             raw(5, Data, 1, Output, 'x'),
	} {
		reader := NewReader(bytes.NewReader(bytesOf), FromGuest)
		if frame, err := reader.Read(); err == nil || err == io.EOF {
			t.Errorf("%s: %v, %v", what, frame, err)
		}
	}
}

func TestNothingThatComesMakesAReaderPanicOrTakeMore(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	for round := 0; round < 20000; round++ {
		bytesOf := make([]byte, random.Intn(64))
		random.Read(bytesOf)
		if len(bytesOf) > 4 && round%2 == 0 {
			copy(bytesOf, []byte{0, 0, 0, byte(random.Intn(16)), byte(random.Intn(16))})
		}
		reader := NewReader(bytes.NewReader(bytesOf), Direction(1+round%3))
		for {
			frame, err := reader.Read()
			if err != nil {
				break
			}
			if frame.Kind == Start {
				_, _ = DecodeCommand(frame.Body)
			}
		}
		_, _ = DecodeCommand(bytesOf)
	}
}

func TestCommandsArriveAsTheyWereSent(t *testing.T) {
	command := Command{
		Terminal: true, Rows: 24, Columns: 80, Directory: "/", Arguments: []string{"sh", "", "\xff\n"}, Environment: []string{"A=", "B=ü"},
	}
	body := command.Encode()
	if read, err := DecodeCommand(body); err != nil || !reflect.DeepEqual(read, command) {
		t.Error(read, err)
	}
	for length := range body {
		if read, err := DecodeCommand(body[:length]); err == nil {
			t.Errorf("%d bytes were read as %v", length, read)
		}
	}
	if _, err := DecodeCommand(append(body, 0)); err == nil {
		t.Error("one byte too many was taken")
	}
	if _, err := DecodeCommand([]byte{0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}); err == nil {
		t.Error("four thousand million texts were taken")
	}
}
