package grid

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

// cellFormat changes when the content of a cell's file does, or the meaning of its
// settings.
const cellFormat = 1

// settings are what decides a cell, apart from who computes it.
type settings struct {
	Format      int     `json:"format"`
	Dataset     string  `json:"dataset"` // the name stands in the result
	Train       string  `json:"train"`   // fingerprints of the whole sets
	Test        string  `json:"test"`
	N           int     `json:"n"` // 0 is all
	Net         string  `json:"net"`
	Params      int     `json:"params"`
	Loss        string  `json:"loss"`
	Epochs      int     `json:"epochs"`
	Steps       int     `json:"steps,omitempty"`
	Batch       int     `json:"batch"`
	LR          string  `json:"lr"`
	Momentum    float64 `json:"momentum"`
	WeightDecay float64 `json:"weight_decay"`
	Augment     string  `json:"augment"`
	DType       string  `json:"dtype"`
	Seed        uint64  `json:"seed"`
	WrongLabels float64 `json:"wrong_labels,omitempty"`
	Forget      string  `json:"forget"`
	Forgotten   string  `json:"forgotten"` // a hash of the positions
	Method      string  `json:"method"`
	Settings    string  `json:"settings"`
	EqualTo     string  `json:"equal_to,omitempty"` // settings of the method whose cost it has
}

// describe fills in what a run is decided by.
func (s *settings) describe(m *nets.Model, cfg nets.Config) {
	cfg = cfg.WithDefaults()
	s.Net, s.Params, s.Loss, s.DType = m.Arch().Name, m.Size(), m.LossNotation(), m.DType().String()
	s.Epochs, s.Steps, s.Batch, s.LR = cfg.Epochs, cfg.Steps, cfg.Batch, cfg.LR.String()
	s.Momentum, s.WeightDecay, s.Augment = cfg.Momentum, cfg.WeightDecay, cfg.Augment.String()
}

// address is the hash of the settings.
func (s settings) address() string { return hash(s)[:24] }

// hash is the SHA-256 of a value as JSON, in hexadecimal digits.
func hash(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and finite numbers only
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// positions is a hash of a forget set.
func positions(f data.ForgetSet) string {
	h := sha256.New()
	var b []byte
	for i := range f.All() {
		b = binary.LittleEndian.AppendUint64(b[:0], uint64(i))
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil))[:32]
}

// methodSettings are the type, the name and the fields of a method. One that JSON
// cannot hold is known by its type and name, and by its notation in the results.
func methodSettings(m unlearning.Method) string {
	fields, _ := json.Marshal(m)
	return fmt.Sprintf("%T %s %s", m, m.Name(), fields)
}

// Maker is who computed a cell. Cells of different makers are close, and need not
// be the same bits.
type Maker struct {
	Engine string `json:"engine"` // its graph.Engine's name
	// Build is a hash of the program: any change of its code is another one.
	Build string `json:"build"`
}

func (m Maker) short() string { return hash(m)[:8] }

// Build returns a hash of this program's file. Two builds from the same sources
// with the same tools are the same; a program that cannot read itself is "unknown".
var Build = sync.OnceValue(func() string {
	path, err := os.Executable()
	if err != nil {
		return "unknown"
	}
	f, err := os.Open(path)
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "unknown"
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
})
