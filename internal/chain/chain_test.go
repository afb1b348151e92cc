package chain_test

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/internal/chain"
)

// TestChain: a chain of two lines, by hand, and every change of one of its bytes.
func TestChain(t *testing.T) {
	first, sum := chain.Line("begin", []byte(`{"a":1}`))
	require.Equal(t, fmt.Sprintf("%x", sha256.Sum256([]byte(`begin{"a":1}`))), sum)
	require.Equal(t, sum+"  {\"a\":1}\n", string(first))
	second, last := chain.Line(sum, []byte(`{"b":  2}`)) // two spaces within an object
	file := append(append([]byte(nil), first...), second...)

	read := func(raw []byte) (objects []string, torn bool) {
		before := "begin"
		for len(raw) > 0 {
			line, rest, whole := chain.Next(raw)
			if !whole {
				return objects, true
			}
			object, sum, ok := chain.Open(before, line)
			if !ok {
				return objects, false
			}
			objects, before, raw = append(objects, string(object)), sum, rest
		}
		require.Equal(t, last, before)
		return objects, false
	}
	objects, torn := read(file)
	require.Equal(t, []string{`{"a":1}`, `{"b":  2}`}, objects)
	require.False(t, torn)
	objects, torn = read(file[:len(file)-1])
	require.Len(t, objects, 1)
	require.True(t, torn)
	for i := range file {
		changed := append([]byte(nil), file...)
		changed[i] ^= 1
		objects, _ = read(changed)
		require.Less(t, len(objects), 2, "byte %d", i)
	}
	objects, _ = read(second)
	require.Empty(t, objects)
}
