package attacks

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// logs returns logits whose softmax is p.
func logs(p ...float64) []float64 {
	z := make([]float64, len(p))
	for i, v := range p {
		z[i] = math.Log(v)
	}
	return z
}

func TestModifiedEntropyKnownAnswers(t *testing.T) {
	for _, tc := range []struct {
		z    []float64
		y    int
		want float64
	}{
		{[]float64{0, 0}, 0, math.Ln2},
		{make([]float64, 10), 3, 2.167151048},
		{logs(.7, .2, .1), 0, .162167245},
		{logs(.7, .2, .1), 2, 2.959736257},
	} {
		got, err := ModifiedEntropy(tc.z, len(tc.z), []int{tc.y})
		require.NoError(t, err)
		require.InDelta(t, tc.want, got[0], 1e-9)
	}
}

// The SalUn line of code overwrites whole columns and takes log p for
// log(1−p): 0.659149 for this row.
func TestDefectModifiedEntropyColumns(t *testing.T) {
	z := append(logs(.7, .2, .1), logs(.1, .1, .8)...)
	got, err := ModifiedEntropy(z, 3, []int32{0, 2})
	require.NoError(t, err)
	require.InDelta(t, 0.162167245, got[0], 1e-9)
	alone, err := ModifiedEntropy(z[3:], 3, []int32{2})
	require.NoError(t, err)
	require.Equal(t, alone[0], got[1], "a row must not depend on its neighbours")
	require.InDelta(t, .2*-math.Log(.8)+2*.1*-math.Log(.9), got[1], 1e-12)
}

func TestLogitGapKnownAnswers(t *testing.T) {
	for _, tc := range []struct {
		z    []float64
		y    int
		want float64
	}{
		{[]float64{2, 1, 0}, 0, .6867383125},
		{[]float64{2, 1, 0}, 2, -2.313261688},
	} {
		got, err := LogitGap(tc.z, 3, []int32{int32(tc.y)})
		require.NoError(t, err)
		require.InDelta(t, tc.want, got[0], 1e-9)
	}
	got, err := LogitGap([]float64{200, 0}, 2, []uint8{0})
	require.NoError(t, err)
	require.Equal(t, 200.0, got[0], "no floor on 1−p")
}

// LiRA's published code adds 1e-45 inside a logarithm, which caps φ near 103.
func TestDefectLogitGapFloor(t *testing.T) {
	for _, z := range []float64{104, 1e3, 1e4} {
		got, err := LogitGap([]float64{z, -z}, 2, []int{0})
		require.NoError(t, err)
		require.Equal(t, 2*z, got[0])
	}
}

func TestSignalsStableForHugeLogits(t *testing.T) {
	logits := []float64{1e4, -1e4, 0, -1e4, 1e4, 0, 1e4, 1e4, -1e4}
	labels := []int{0, 0, 1}
	want := map[Signal][]float64{
		SignalLogitGap:        {1e4, -2e4, 0},
		SignalLoss:            {0, -2e4, -math.Ln2},
		SignalConfidence:      {1, 0, .5},
		SignalEntropy:         {0, 0, -math.Ln2},
		SignalModifiedEntropy: {0, -3e4, -math.Ln2},
		SignalHinge:           {1e4, -2e4, 0},
		SignalCorrectness:     {1, 0, 0},
	}
	for _, s := range Signals() {
		got, err := Scores(s, logits, 3, labels)
		require.NoError(t, err)
		require.InDeltaSlice(t, want[s], got, 1e-12, s.String())
	}
}

// Differences of logits that overflow are infinite, and no signal is NaN.
func TestSignalsAtTheEndsOfTheNumbers(t *testing.T) {
	ends := []float64{math.MaxFloat64, -math.MaxFloat64, 1e308, -1e308, 1e17, 0}
	for _, s := range Signals() {
		for _, a := range ends {
			for _, b := range ends {
				got, err := Scores(s, []float64{a, b, a, b, a, b}, 3, []int{0, 1})
				require.NoError(t, err)
				require.False(t, math.IsNaN(got[0]) || math.IsNaN(got[1]), "%v of %v and %v: %v", s, a, b, got)
			}
		}
	}
	// One class has it all: entropy 0; a right answer has nothing to lose and a
	// wrong one everything. Two equal logits are ½ each however large.
	for _, tc := range []struct {
		s    Signal
		z    []float64
		y    int
		want float64
	}{
		{SignalEntropy, []float64{1e308, -1e308}, 0, 0},
		{SignalEntropy, []float64{1e308, 1e308}, 0, -math.Ln2},
		{SignalModifiedEntropy, []float64{1e308, -1e308}, 0, 0},
		{SignalModifiedEntropy, []float64{1e308, -1e308}, 1, -inf},
		{SignalModifiedEntropy, []float64{1e308, 1e308}, 0, -math.Ln2},
		{SignalLogitGap, []float64{1e308, -1e308}, 0, inf},
		{SignalLoss, []float64{1e308, -1e308}, 1, -inf},
	} {
		got, err := Scores(tc.s, tc.z, 2, []int{tc.y})
		require.NoError(t, err)
		if math.IsInf(tc.want, 0) {
			require.Equal(t, tc.want, got[0], "%+v", tc)
		} else {
			require.InDelta(t, tc.want, got[0], 1e-15, "%+v", tc)
		}
	}
}

// A confident right answer's loss is far below one unit in the last place of
// its logits; log-sum-exp minus z_y returns 0 for all of them.
func TestTinyLossesKeepTheirDigits(t *testing.T) {
	got, err := Loss([]float64{40, 0, 60, 0, 200, 0}, 2, []int{0, 0, 0})
	require.NoError(t, err)
	for i, want := range []float64{math.Exp(-40), math.Exp(-60), math.Exp(-200)} {
		require.InEpsilon(t, want, got[i], 1e-14)
	}
	h, err := Entropy([]float64{40, 0}, 2, []int{0})
	require.NoError(t, err)
	require.InEpsilon(t, 41*math.Exp(-40), h[0], 1e-12)
	m, err := ModifiedEntropy([]float64{40, 0}, 2, []int{0})
	require.NoError(t, err)
	require.InEpsilon(t, 2*math.Exp(-80), m[0], 1e-12)
}

func TestSignalsAgreeWithDefinitions(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		k := 2 + rng.IntN(6)
		z := make([]float64, k)
		sum := 0.0
		for i := range z {
			z[i] = 3 * rng.NormFloat64()
			sum += math.Exp(z[i])
		}
		y := rng.IntN(k)
		p := make([]float64, k)
		h, m := 0.0, 0.0
		for i := range z {
			p[i] = math.Exp(z[i]) / sum
			h -= p[i] * math.Log(p[i])
			if i == y {
				m -= (1 - p[i]) * math.Log(p[i])
			} else {
				m -= p[i] * math.Log(1-p[i])
			}
		}
		for s, want := range map[Signal]float64{
			SignalLoss: math.Log(p[y]), SignalConfidence: p[y], SignalEntropy: -h,
			SignalModifiedEntropy: -m, SignalLogitGap: math.Log(p[y] / (1 - p[y])),
		} {
			got, err := Scores(s, z, k, []int{y})
			require.NoError(t, err)
			require.InDelta(t, want, got[0], 1e-10, s.String())
		}
		loss, err := Loss(z, k, []int{y})
		require.NoError(t, err)
		phi, err := LogitGapFromLoss(loss)
		require.NoError(t, err)
		require.InDelta(t, gap(z, y), phi[0], 1e-10)
		lp, err := LogProb(z, k, []int{y})
		require.NoError(t, err)
		require.Equal(t, -loss[0], lp[0])
	}
}

func TestLogitGapFromLossEnds(t *testing.T) {
	got, err := LogitGapFromLoss([]float64{0, 2e4, math.Ln2})
	require.NoError(t, err)
	require.True(t, math.IsInf(got[0], 1))
	require.Equal(t, -2e4, got[1])
	require.InDelta(t, 0, got[2], 1e-15)
	_, err = LogitGapFromLoss([]float64{1, -1})
	require.ErrorIs(t, err, ErrRange)
	require.ErrorContains(t, err, "loss[1]")
}

func TestSignalNames(t *testing.T) {
	for _, s := range Signals() {
		back, err := ParseSignal(s.String())
		require.NoError(t, err)
		require.Equal(t, s, back)
	}
	_, err := ParseSignal("nonsense")
	require.ErrorIs(t, err, ErrRange)
	require.Equal(t, "Signal(99)", Signal(99).String())
}

func TestScoresBadInput(t *testing.T) {
	ok := []float64{1, 0, 0, 1}
	for name, tc := range map[string]struct {
		logits  []float64
		classes int
		labels  []int
		want    error
		text    string
	}{
		"nan names its index": {[]float64{1, 0, math.NaN(), 1}, 2, []int{0, 1}, ErrNotFinite, "logits[2]"},
		"infinite":            {[]float64{1, 0, 0, math.Inf(1)}, 2, []int{0, 1}, ErrNotFinite, "logits[3]"},
		"label too large":     {ok, 2, []int{0, 2}, ErrLabel, "labels[1]"},
		"label negative":      {ok, 2, []int{-1, 0}, ErrLabel, "labels[0]"},
		"one class":           {[]float64{1, 2}, 1, []int{0, 0}, ErrRange, "classes is 1"},
		"shape":               {ok, 2, []int{0}, ErrShape, "length 4, want 2"},
		"empty":               {nil, 2, nil, ErrEmpty, "no labels"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, s := range Signals() {
				_, err := Scores(s, tc.logits, tc.classes, tc.labels)
				require.ErrorIs(t, err, tc.want)
				require.ErrorContains(t, err, tc.text)
			}
		})
	}
	_, err := Scores(Signal(99), ok, 2, []int{0, 1})
	require.ErrorIs(t, err, ErrRange)
}

// The named functions are the raw values behind the scores.
func TestRawSignals(t *testing.T) {
	z, y := []float64{2, 1, 0, 0, 3, 1}, []int{0, 2}
	for s, f := range map[Signal]func([]float64, int, []int) ([]float64, error){
		SignalConfidence: Confidence[int], SignalHinge: Hinge[int], SignalCorrectness: Correctness[int],
		SignalLoss: LogProb[int], SignalLogitGap: LogitGap[int],
	} {
		want, err := Scores(s, z, 3, y)
		require.NoError(t, err)
		got, err := f(z, 3, y)
		require.NoError(t, err)
		require.Equal(t, want, got, s.String())
	}
	hinge, err := Hinge(z, 3, y)
	require.NoError(t, err)
	require.Equal(t, []float64{1, -2}, hinge)
	p, err := Confidence(z, 3, y)
	require.NoError(t, err)
	require.InDelta(t, math.Exp(2)/(math.Exp(2)+math.E+1), p[0], 1e-15)
	h, err := Entropy(z, 3, y)
	require.NoError(t, err)
	s, err := Scores(SignalEntropy, z, 3, y)
	require.NoError(t, err)
	require.Equal(t, -h[1], s[1])
}
