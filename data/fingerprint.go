package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"math"
)

// Fingerprint identifies the data set by what is in it: "sha256:" and the hash of
// shape, classes, features, labels and ids. The name, and how raw data became
// these features, are not in it. Large sets are hashed on all cores.
func (d *Dataset) Fingerprint() string {
	const piece = 1 << 20
	sums := make([][sha256.Size]byte, (len(d.X)+piece-1)/piece)
	inPieces(len(sums), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			h := sha256.New()
			buf := make([]byte, 0, 1<<14)
			for x := d.X[i*piece : min((i+1)*piece, len(d.X))]; len(x) > 0; {
				n := min(len(x), cap(buf)/4)
				buf = buf[:4*n]
				for j, v := range x[:n] {
					binary.LittleEndian.PutUint32(buf[4*j:], math.Float32bits(v))
				}
				h.Write(buf)
				x = x[n:]
			}
			h.Sum(sums[i][:0])
		}
	})
	h := sha256.New()
	h.Write([]byte("miniunlearn data set 1\n"))
	number(h, len(d.Shape))
	for _, s := range d.Shape {
		number(h, s)
	}
	number(h, d.Classes)
	number(h, len(d.Y))
	for _, s := range sums {
		h.Write(s[:])
	}
	for _, y := range d.Y {
		number(h, int(y))
	}
	for i := range d.Y {
		if d.Keys == nil {
			number(h, d.ID(i))
			continue
		}
		number(h, len(d.Keys[i]))
		h.Write([]byte(d.Keys[i]))
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

func number(h hash.Hash, v int) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(v))
	h.Write(b[:])
}
