package track

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// Fields of the protocol buffers in an event file: tensorflow's event.proto and
// summary.proto.
const (
	eventWallTime = 1 // double, seconds
	eventStep     = 2 // int64
	eventVersion  = 3 // string, of the first event
	eventSummary  = 5 // Summary
	summaryValue  = 1 // Value
	valueTag      = 1 // string
	valueSimple   = 2 // float
)

// TensorBoard returns a writer of an event file in a folder, which is made if it is
// missing; `tensorboard --logdir` takes the folder or one above it. Every file has a name of
// its own, so that a run which is made again stands beside the first.
func TensorBoard(dir string) (Writer, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("track: %w", err)
	}
	now := time.Now()
	f, err := os.CreateTemp(dir, fmt.Sprintf("events.out.tfevents.%d.miniunlearn.*", now.Unix()))
	if err != nil {
		return nil, fmt.Errorf("track: %w", err)
	}
	w := &events{f, bufio.NewWriter(f)}
	return w, errors.Join(f.Chmod(0o644), w.event(now, protowire.AppendString(protowire.AppendTag(nil, eventVersion, protowire.BytesType), "brain.Event:2")))
}

type events struct {
	f *os.File
	w *bufio.Writer
}

// Scalar implements Writer.
func (e *events) Scalar(step int, tag string, value float64) error {
	v := protowire.AppendString(protowire.AppendTag(nil, valueTag, protowire.BytesType), tag)
	v = protowire.AppendFixed32(protowire.AppendTag(v, valueSimple, protowire.Fixed32Type), math.Float32bits(float32(value)))
	summary := protowire.AppendBytes(protowire.AppendTag(nil, summaryValue, protowire.BytesType), v)
	rest := protowire.AppendVarint(protowire.AppendTag(nil, eventStep, protowire.VarintType), uint64(step))
	return e.event(time.Now(), protowire.AppendBytes(protowire.AppendTag(rest, eventSummary, protowire.BytesType), summary))
}

// event writes an event with the given fields besides its time.
func (e *events) event(at time.Time, rest []byte) error {
	seconds := float64(at.UnixMicro()) / 1e6
	event := protowire.AppendFixed64(protowire.AppendTag(nil, eventWallTime, protowire.Fixed64Type), math.Float64bits(seconds))
	if _, err := e.w.Write(record(append(event, rest...))); err != nil {
		return fmt.Errorf("track: %w", err)
	}
	return nil
}

// record frames data as a TFRecord: its length, the length's checksum, the data and
// their checksum.
func record(data []byte) []byte {
	length := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	r := binary.LittleEndian.AppendUint32(length, masked(length))
	return binary.LittleEndian.AppendUint32(append(r, data...), masked(data))
}

// masked is the checksum of a TFRecord: CRC-32C, rotated by 15 bits, plus a constant
// of the format.
func masked(data []byte) uint32 {
	crc := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	return (crc>>15 | crc<<17) + 0xa282ead8
}

// Close implements Writer.
func (e *events) Close() error {
	if err := errors.Join(e.w.Flush(), e.f.Close()); err != nil {
		return fmt.Errorf("track: %w", err)
	}
	return nil
}
