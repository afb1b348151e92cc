package table

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNumber(t *testing.T) {
	for _, s := range []string{"0", "-0", "7", "+7", "007", "12.5", ".5", "5.", "-1e3", "1E+05", "1.25e-7", "123456789012345678", "9007199254740993",
		"8.692932128906250000e-01", "1e22", "1e23", "1e-30", "5e-324", "1.7976931348623157e308", "0.1", "3.4028235e38", "0000000000000000000000001"} {
		want, err := strconv.ParseFloat(s, 64)
		require.NoError(t, err)
		got, ok := number([]byte(s))
		require.True(t, ok, s)
		require.LessOrEqual(t, ulps(got, want), 1, "%s: %v, want %v", s, got, want)
	}
	for _, s := range []string{"", "-", "+", ".", "e5", "1e", "1e+", "1.2.3", "0x10", "inf", "Inf", "-infinity", "nan", "1_000", "1e999", "1 ", " 1", "--1", "1e5.5"} {
		_, ok := number([]byte(s))
		require.False(t, ok, s)
	}
}

// TestNumberExact: what has up to fifteen digits is the nearest float64, and what
// has up to nineteen is one unit away at most.
func TestNumberExact(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		v := math.Float64frombits(r.Uint64())
		if r.IntN(2) == 0 {
			v = r.NormFloat64() * math.Pow(10, float64(r.IntN(12)-6))
		}
		if v-v != 0 {
			continue
		}
		s := strconv.FormatFloat(v, "eg"[r.IntN(2)], r.IntN(20)-1, 64)
		want, err := strconv.ParseFloat(s, 64)
		if err != nil {
			continue
		}
		got, ok := number([]byte(s))
		require.True(t, ok, s)
		digits := 0
		for i := range s {
			if s[i] == 'e' {
				break
			}
			if s[i] >= '0' && s[i] <= '9' {
				digits++
			}
		}
		if digits <= 15 {
			require.Equal(t, want, got, s)
		} else {
			require.LessOrEqual(t, ulps(got, want), 1, "%s: %v, want %v", s, got, want)
		}
	}
}

// ulps is how many float64s got is away from want.
func ulps(got, want float64) int {
	a, b := int64(math.Float64bits(math.Abs(got))), int64(math.Float64bits(math.Abs(want)))
	if math.Signbit(got) != math.Signbit(want) && got != want {
		return math.MaxInt
	}
	return int(max(a-b, b-a))
}

func FuzzNumber(f *testing.F) {
	for _, s := range []string{"1", "-1.5e3", "1e400", "00000000000000000000.1", "9999999999999999999e-5", "1e-400", "0x1p-2", "1_0"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, ok := number(b)
		want, err := strconv.ParseFloat(string(b), 64)
		if ok {
			require.NoError(t, err)
			require.LessOrEqual(t, ulps(got, want), 1, "%q: %v, want %v", b, got, want)
		}
		if v, ok := integer(b); ok {
			require.Equal(t, strconv.Itoa(v), string(b))
		}
	})
}
