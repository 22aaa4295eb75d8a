package protocol

import (
	"encoding/binary"
	"encoding/json"
	"errors"
)

// Configuration is what the guest is told before its first session.
type Configuration struct {
	Hostname   string   `json:"hostname"`
	User       int      `json:"user"`
	Group      int      `json:"group"`
	Groups     []int    `json:"groups"`
	Tasks      int64    `json:"tasks,omitempty"`
	OpenFiles  uint64   `json:"openFiles,omitempty"`
	Privileged bool     `json:"privileged,omitempty"`
	Network    *Network `json:"network,omitempty"`
	// KeptFiles is how many files the guest's kernel may keep that nobody uses.
	KeptFiles int `json:"keptFiles"`
	// Time is the host's, in nanoseconds since 1970.
	Time int64 `json:"time"`
}

// Network is what the guest's only interface has: what the one of the namespace around it has.
type Network struct {
	Interface  string      `json:"interface"`
	MTU        int         `json:"mtu"`
	Addresses  []Address   `json:"addresses"`
	Routes     []Route     `json:"routes"`
	Neighbours []Neighbour `json:"neighbours"`
}

// Address is one of IPv4, with the length of its prefix.
type Address struct {
	Address []byte `json:"address"`
	Prefix  byte   `json:"prefix"`
}

// Route is one of IPv4. A route without a gateway goes to the link.
type Route struct {
	Destination []byte `json:"destination,omitempty"`
	Prefix      byte   `json:"prefix"`
	Gateway     []byte `json:"gateway,omitempty"`
	Scope       byte   `json:"scope"`
	Flags       uint32 `json:"flags"`
}

// Neighbour is a permanent entry: nobody is asked for it.
type Neighbour struct {
	Address  []byte `json:"address"`
	Hardware []byte `json:"hardware"`
}

// Encode is the body of Configure.
func (c Configuration) Encode() ([]byte, error) { return json.Marshal(c) }

// DecodeConfiguration reads the body of Configure.
func DecodeConfiguration(body []byte) (Configuration, error) {
	var configuration Configuration
	err := json.Unmarshal(body, &configuration)
	return configuration, err
}

// Command is what a session runs. Arguments and environment are bytes as the kernel has them, of any encoding.
type Command struct {
	Terminal      bool
	Rows, Columns uint16
	Directory     string
	Arguments     []string
	Environment   []string
}

var errCommand = errors.New("a command is cut off")

// Encode is the body of Start.
func (c Command) Encode() []byte {
	body := []byte{0}
	if c.Terminal {
		body[0] = 1
	}
	body = append(body, SizeBody(c.Rows, c.Columns)...)
	body = appendTexts(body, []string{c.Directory})
	body = appendTexts(body, c.Arguments)
	return appendTexts(body, c.Environment)
}

// DecodeCommand reads the body of Start.
func DecodeCommand(body []byte) (Command, error) {
	if len(body) < 5 || body[0] > 1 {
		return Command{}, errCommand
	}
	command := Command{Terminal: body[0] == 1}
	command.Rows, command.Columns = Frame{Body: body[1:]}.TerminalSize()
	directory, rest, err := takeTexts(body[5:])
	if err == nil {
		command.Arguments, rest, err = takeTexts(rest)
	}
	if err == nil {
		command.Environment, rest, err = takeTexts(rest)
	}
	if err != nil || len(rest) > 0 || len(directory) != 1 || len(command.Arguments) == 0 {
		return Command{}, errCommand
	}
	command.Directory = directory[0]
	return command, nil
}

func appendTexts(body []byte, texts []string) []byte {
	body = binary.BigEndian.AppendUint32(body, uint32(len(texts)))
	for _, text := range texts {
		body = binary.BigEndian.AppendUint32(body, uint32(len(text)))
		body = append(body, text...)
	}
	return body
}

func takeTexts(body []byte) ([]string, []byte, error) {
	count, body, ok := takeNumber(body)
	// Each text has four bytes for its length at least, which bounds what is allocated.
	if !ok || int64(count)*4 > int64(len(body)) {
		return nil, nil, errCommand
	}
	texts := make([]string, 0, count)
	for ; count > 0; count-- {
		var length uint32
		length, body, ok = takeNumber(body)
		if !ok || int64(length) > int64(len(body)) {
			return nil, nil, errCommand
		}
		texts = append(texts, string(body[:length]))
		body = body[length:]
	}
	return texts, body, nil
}

func takeNumber(body []byte) (uint32, []byte, bool) {
	if len(body) < 4 {
		return 0, nil, false
	}
	return binary.BigEndian.Uint32(body), body[4:], true
}
