package track_test

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/nets/track"
)

// scalar is one that was read back.
type scalar struct {
	step  int
	tag   string
	value float64
}

// TestRun: both files have the run's losses and rates, the means of epochs among them
// as the run itself has them.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	lines, err := track.CSV(filepath.Join(dir, "new", "run.csv"))
	require.NoError(t, err)
	board, err := track.TensorBoard(filepath.Join(dir, "tb"))
	require.NoError(t, err)
	h := &track.Hook{Every: 3, To: []track.Writer{lines, board}}
	run, err := nets.Train(t.Context(), nets.MLP(64, 8, 10), data.Digits().Train, nets.Config{Epochs: 2, Batch: 100, LR: nets.Cosine(0.1), Hooks: []nets.Hook{h}})
	require.NoError(t, err)

	f, err := os.Open(filepath.Join(dir, "new", "run.csv"))
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"step", "tag", "value"}, rows[0])
	var got []scalar
	count := map[string]int{}
	var epochs []float64
	for _, r := range rows[1:] {
		step, err := strconv.Atoi(r[0])
		require.NoError(t, err)
		v, err := strconv.ParseFloat(r[2], 64)
		require.NoError(t, err)
		got = append(got, scalar{step, r[1], v})
		count[r[1]]++
		if r[1] == track.TagEpochLoss {
			epochs = append(epochs, v)
		}
	}
	require.Equal(t, map[string]int{track.TagLoss: (run.Steps + 2) / 3, track.TagRate: (run.Steps + 2) / 3, track.TagEpochLoss: 2}, count)
	require.InDeltaSlice(t, run.Losses, epochs, 1e-9)
	require.Equal(t, scalar{0, track.TagRate, run.Config.LR.Rate(0, run.Steps)}, got[1])

	files, err := filepath.Glob(filepath.Join(dir, "tb", "events.out.tfevents.*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	raw, err := os.ReadFile(files[0])
	require.NoError(t, err)
	again := readEvents(t, raw)
	require.Len(t, again, len(got))
	for i := range got {
		got[i].value = float64(float32(got[i].value))
	}
	require.Equal(t, got, again)
}

// readEvents reads an event file field by field.
func readEvents(t *testing.T, raw []byte) (all []scalar) {
	for first := true; len(raw) > 0; first = false {
		n := binary.LittleEndian.Uint64(raw)
		event := raw[12 : 12+n]
		raw = raw[16+n:]
		var s scalar
		fields(t, event, func(num protowire.Number, v []byte, bits uint64) {
			switch num {
			case 1:
				require.Greater(t, math.Float64frombits(bits), 1.7e9) // a time of these years
			case 2:
				s.step = int(bits)
			case 3:
				require.True(t, first)
				require.Equal(t, "brain.Event:2", string(v))
			case 5:
				fields(t, v, func(_ protowire.Number, v []byte, _ uint64) {
					fields(t, v, func(num protowire.Number, v []byte, bits uint64) {
						if num == 1 {
							s.tag = string(v)
						} else {
							s.value = float64(math.Float32frombits(uint32(bits)))
						}
					})
				})
			}
		})
		if !first {
			all = append(all, s)
		}
	}
	return all
}

// fields calls visit with every field of a message.
func fields(t *testing.T, b []byte, visit func(protowire.Number, []byte, uint64)) {
	for len(b) > 0 {
		num, kind, n := protowire.ConsumeTag(b)
		require.Positive(t, n)
		b = b[n:]
		var v []byte
		var bits uint64
		var small uint32
		switch kind {
		case protowire.BytesType:
			v, n = protowire.ConsumeBytes(b)
		case protowire.VarintType:
			bits, n = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type:
			small, n = protowire.ConsumeFixed32(b)
			bits = uint64(small)
		case protowire.Fixed64Type:
			bits, n = protowire.ConsumeFixed64(b)
		}
		require.Positive(t, n)
		visit(num, v, bits)
		b = b[n:]
	}
}

// broken is a writer that fails, and knows that it was closed.
type broken struct{ closed int }

func (b *broken) Scalar(int, string, float64) error { return errors.New("no room") }
func (b *broken) Close() error                      { b.closed++; return nil }

// TestFails: an error ends the run, and every writer is closed once.
func TestFails(t *testing.T) {
	b := &broken{}
	_, err := nets.Train(t.Context(), nets.MLP(64, 8, 10), data.Digits().Train, nets.Config{Hooks: []nets.Hook{&track.Hook{To: []track.Writer{b}}}})
	require.ErrorContains(t, err, "a hook failed at step 0: no room")
	require.Equal(t, 1, b.closed)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	_, err = track.CSV(filepath.Join(dir, "file", "run.csv"))
	require.ErrorContains(t, err, "track: ")
	_, err = track.TensorBoard(filepath.Join(dir, "file"))
	require.ErrorContains(t, err, "track: ")
}

// TestRecord: the frame of the first event of every file, as TensorFlow 2 writes it
// but for the time, which is 0 here.
func TestRecord(t *testing.T) {
	event := append([]byte{0x09, 0, 0, 0, 0, 0, 0, 0, 0, 0x1a, 0x0d}, "brain.Event:2"...)
	got := track.Record(event)
	require.Equal(t, []byte{0x18, 0, 0, 0, 0, 0, 0, 0, 0xa3, 0x7f, 0x4b, 0x22}, got[:12])
	require.True(t, bytes.Equal(event, got[12:12+len(event)]))
}
