// Checks a recorded client history of a ZooKeeper ensemble: writes, and reads behind a sync, must be linearizable.
// Each key is a register with a version that every write raises by one. usage: history FILE.json
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/anishathalye/porcupine"
)

// One operation as the recorder writes it. Return < 0: what became of it is unknown.
type record struct {
	Client  int    `json:"client"`
	Kind    string `json:"kind"` // set, cas, read
	Key     string `json:"key"`
	Value   string `json:"value"`   // set, cas: to be written; read: what was read
	Expect  int    `json:"expect"`  // cas
	Version int    `json:"version"` // afterwards; cas: -1 when the version did not match
	Call    int64  `json:"call"`    // ns
	Return  int64  `json:"return"`
}

type state struct {
	version int
	value   string
}

var model = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byKey := map[string][]porcupine.Operation{}
		for _, op := range history {
			key := op.Input.(record).Key
			byKey[key] = append(byKey[key], op)
		}
		var out [][]porcupine.Operation
		for _, ops := range byKey {
			out = append(out, ops)
		}
		return out
	},
	Init: func() interface{} { return state{0, ""} },
	Step: func(s, input, output interface{}) (bool, interface{}) {
		st := s.(state)
		in := input.(record)
		known := output.(bool)
		next := state{st.version + 1, in.Value}
		switch in.Kind {
		case "set":
			return !known || in.Version == next.version, next
		case "cas":
			matches := st.version == in.Expect
			if !known {
				if matches {
					return true, next
				}
				return true, st
			}
			if in.Version < 0 {
				return !matches, st
			}
			return matches && in.Version == next.version, next
		default:
			return in.Version == st.version && in.Value == st.value, st
		}
	},
	DescribeOperation: func(input, output interface{}) string {
		in := input.(record)
		return fmt.Sprintf("%s %s=%q expect %d version %d known %v", in.Kind, in.Key, in.Value, in.Expect, in.Version, output)
	},
}

func main() {
	bytes, err := os.ReadFile(os.Args[1])
	var records []record
	if err == nil {
		err = json.Unmarshal(bytes, &records)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	var end int64
	for _, r := range records {
		if r.Call > end {
			end = r.Call
		}
		if r.Return > end {
			end = r.Return
		}
	}
	var history []porcupine.Operation
	for _, r := range records {
		known := r.Return >= 0
		if !known && r.Kind == "read" {
			continue
		}
		op := porcupine.Operation{ClientId: r.Client, Input: r, Call: r.Call, Output: known, Return: r.Return}
		if !known {
			op.Return = end + 1 // it may take effect at any time, also never: behind everything else
		}
		history = append(history, op)
	}
	result, info := porcupine.CheckOperationsVerbose(model, history, 60*time.Second)
	fmt.Printf("%d operations: %s\n", len(history), result)
	if result == porcupine.Ok {
		return
	}
	if len(os.Args) > 2 {
		if file, err := os.Create(os.Args[2]); err == nil {
			defer file.Close()
			_ = porcupine.Visualize(model, info, file)
		}
	}
	os.Exit(1)
}
