// Package protocol holds what the monitor, its clients and the guest say to each other: frames of bounded lengths over a stream of bytes.
// What comes from the guest may come from an attacker: nothing is allocated by its word, and a frame that breaks a rule ends the connection.
package protocol

import (
	"encoding/binary"
	"fmt"
	"io"
	"sync"
)

// Version is what both ends have to agree about: they come from one build, so there is nothing to negotiate.
const Version = 1

// Kind is what a frame says.
type Kind byte

const (
	// Hello is the guest's first frame: its version of the protocol.
	Hello Kind = iota + 1
	// Configure is the host's answer: a Configuration.
	Configure
	// Ready says that the guest takes sessions.
	Ready
	// Failure says why the guest can't go on.
	Failure
	// Killed says how many processes the guest's kernel has killed for memory.
	Killed
	// Start begins a session: a Command.
	Start
	// Data are bytes of one of a session's streams.
	Data
	// End says that a stream has no more bytes.
	End
	// Closed says that nobody takes a stream's bytes any more.
	Closed
	// Credit allows the other end to send more bytes of a stream.
	Credit
	// Signal is for a session's process.
	Signal
	// Size is that of a session's terminal.
	Size
	// Abort ends a session with all that it has begun.
	Abort
	// Exit is a session's last frame: its exit code.
	Exit
)

// The streams of a session.
const (
	Input  byte = 0
	Output byte = 1
	Errors byte = 2
)

const (
	// Window is how many bytes of a stream may be on their way without a Credit.
	Window = 128 << 10
	// Chunk is the most bytes of a Data frame.
	Chunk = 32 << 10
	// LongestCommand is the most bytes of a Start frame: a kernel takes no longer arguments and environment.
	LongestCommand = 4 << 20
	// MainSession is the one of the agent's main process.
	MainSession = 1

	headerLength = 9
)

// Direction is who sends a frame.
type Direction byte

const (
	// FromGuest are the guest's frames, which are trusted in nothing.
	FromGuest Direction = 1
	// ToGuest are the host's.
	ToGuest Direction = 2
)

type rule struct {
	least, most int
	directions  Direction
	session     bool
}

var rules = map[Kind]rule{
	Hello:     {4, 4, FromGuest, false},
	Configure: {2, 64 << 10, ToGuest, false},
	Ready:     {0, 0, FromGuest, false},
	Failure:   {0, 1024, FromGuest, false},
	Killed:    {4, 4, FromGuest, false},
	Start:     {4, LongestCommand, ToGuest, true},
	Data:      {2, 1 + Chunk, FromGuest | ToGuest, true},
	End:       {1, 1, FromGuest | ToGuest, true},
	Closed:    {1, 1, FromGuest | ToGuest, true},
	Credit:    {5, 5, FromGuest | ToGuest, true},
	Signal:    {1, 1, ToGuest, true},
	Size:      {4, 4, ToGuest, true},
	Abort:     {0, 0, ToGuest, true},
	Exit:      {1, 1, FromGuest, true},
}

// Frame is one message. Those of no session have session 0.
type Frame struct {
	Kind    Kind
	Session uint32
	Body    []byte
}

// Stream is the stream that a frame of Data, End, Closed or Credit is about.
func (f Frame) Stream() byte { return f.Body[0] }

// Bytes are those of a Data frame.
func (f Frame) Bytes() []byte { return f.Body[1:] }

// Amount is how much a Credit allows.
func (f Frame) Amount() uint32 { return binary.BigEndian.Uint32(f.Body[1:]) }

// Number is what Hello and Killed say.
func (f Frame) Number() uint32 { return binary.BigEndian.Uint32(f.Body) }

// TerminalSize is what Size says.
func (f Frame) TerminalSize() (rows, columns uint16) {
	return binary.BigEndian.Uint16(f.Body), binary.BigEndian.Uint16(f.Body[2:])
}

// NumberBody is the body of Hello and Killed.
func NumberBody(number uint32) []byte {
	return binary.BigEndian.AppendUint32(nil, number)
}

// CreditBody is the body of Credit.
func CreditBody(stream byte, amount uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{stream}, amount)
}

// SizeBody is the body of Size.
func SizeBody(rows, columns uint16) []byte {
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, rows), columns)
}

// Reader takes frames of one direction.
type Reader struct {
	from      io.Reader
	direction Direction
	header    [headerLength]byte
}

// NewReader reads the frames that are sent in that direction.
func NewReader(from io.Reader, direction Direction) *Reader {
	return &Reader{from: from, direction: direction}
}

// Read takes the next frame, whose body is the caller's. The end of the stream between two frames is io.EOF.
func (r *Reader) Read() (Frame, error) {
	if _, err := io.ReadFull(r.from, r.header[:]); err != nil {
		return Frame{}, err
	}
	length := binary.BigEndian.Uint32(r.header[:])
	frame := Frame{Kind: Kind(r.header[4]), Session: binary.BigEndian.Uint32(r.header[5:])}
	if err := check(frame.Kind, frame.Session, int64(length), r.direction); err != nil {
		return Frame{}, err
	}
	frame.Body = make([]byte, length)
	if _, err := io.ReadFull(r.from, frame.Body); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return Frame{}, err
	}
	switch frame.Kind {
	case Data, End, Closed, Credit:
		if frame.Stream() > Errors {
			return Frame{}, fmt.Errorf("a frame of kind %d has stream %d", frame.Kind, frame.Stream())
		}
	}
	return frame, nil
}

func check(kind Kind, session uint32, length int64, direction Direction) error {
	rule, known := rules[kind]
	switch {
	case !known:
		return fmt.Errorf("a frame has the unknown kind %d", kind)
	case rule.directions&direction == 0:
		return fmt.Errorf("a frame of kind %d came from the wrong end", kind)
	case length < int64(rule.least) || length > int64(rule.most):
		return fmt.Errorf("a frame of kind %d has a length of %d", kind, length)
	case rule.session != (session != 0):
		return fmt.Errorf("a frame of kind %d has session %d", kind, session)
	}
	return nil
}

// Writer sends frames, each as a whole, for any number of callers.
type Writer struct {
	lock sync.Mutex
	to   io.Writer
}

// NewWriter sends to that stream.
func NewWriter(to io.Writer) *Writer {
	return &Writer{to: to}
}

// Write sends one frame. It waits where the other end doesn't read.
func (w *Writer) Write(kind Kind, session uint32, body ...[]byte) error {
	length := 0
	for _, part := range body {
		length += len(part)
	}
	if err := check(kind, session, int64(length), FromGuest|ToGuest); err != nil {
		return err
	}
	frame := make([]byte, headerLength, headerLength+length)
	binary.BigEndian.PutUint32(frame, uint32(length))
	frame[4] = byte(kind)
	binary.BigEndian.PutUint32(frame[5:], session)
	for _, part := range body {
		frame = append(frame, part...)
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	_, err := w.to.Write(frame)
	return err
}
