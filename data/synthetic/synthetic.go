package synthetic

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// Kind is a kind of table.
type Kind struct {
	Name     string
	Features int
	Classes  int
	Shares   []float64 // of the classes in the original

	row       func(r *rand.Rand, x []float64) int
	line      func(b []byte, x []float64, y int) []byte
	firstName int // the label of class 0 in files
}

// Kinds returns the kinds there are.
func Kinds() []Kind {
	return []Kind{
		{"covtype-like", 54, 7, covtypeShares[:], covtypeRow, covtypeLine, 1},
		{"higgs-like", 28, 2, []float64{0.47008, 0.52992}, higgsRow, higgsLine, 0},
	}
}

// ByName returns the kind of a name.
func ByName(name string) (Kind, error) {
	for _, k := range Kinds() {
		if k.Name == name {
			return k, nil
		}
	}
	return Kind{}, fmt.Errorf("data: no kind of synthetic table %q; there are covtype-like and higgs-like", name)
}

// Row writes the features of row i of the table of a seed to x, and returns its
// class. The source of random numbers is the caller's to use again.
func (k Kind) Row(p *rand.PCG, seed, i uint64, x []float64) int {
	*p = purpose.Stream(seed, purpose.Synthetic, i)
	return k.row(rand.New(p), x)
}

// WriteCSV writes n rows in the format of the original file.
func (k Kind) WriteCSV(w io.Writer, n int, seed uint64) error {
	bw := bufio.NewWriterSize(w, 1<<20)
	var p rand.PCG
	x := make([]float64, k.Features)
	var line []byte
	for i := range n {
		y := k.Row(&p, seed, uint64(i), x)
		line = k.line(line[:0], x, y)
		if _, err := bw.Write(line); err != nil {
			return fmt.Errorf("data: %s: %w", k.Name, err)
		}
	}
	return bw.Flush()
}

// higgsRow: 21 columns like measured ones, 7 like functions of them. Means
// differ a little, which a linear model learns; signs of four correlations
// differ, which it cannot.
func higgsRow(r *rand.Rand, x []float64) int {
	y, sign := 0, -1.0
	if r.Float64() < 0.52992 {
		y, sign = 1, 1
	}
	for j := range 21 {
		x[j] = r.NormFloat64()
	}
	for j := range 6 {
		x[j] += 0.1 * sign
	}
	for j := 8; j < 18; j += 2 {
		x[j+1] = 0.27*sign*x[j] + 0.9629*x[j+1]
	}
	for j := 21; j < 28; j++ {
		x[j] = math.Exp(0.35*r.NormFloat64() + 0.035*sign) // masses: positive and skewed
	}
	return y
}

// higgsLine is a line as HIGGS.csv has it.
func higgsLine(b []byte, x []float64, y int) []byte {
	b = strconv.AppendFloat(b, float64(y), 'e', 18, 64)
	for _, v := range x {
		b = append(b, ',')
		b = strconv.AppendFloat(b, float64(float32(v)), 'e', 18, 64)
	}
	return append(b, '\n')
}

// covtypeShares are those of the 581 012 rows of Covtype: 211 840, 283 301,
// 35 754, 2 747, 9 493, 17 367 and 20 510.
var covtypeShares = [7]float64{0.364605, 0.487599, 0.061537, 0.004728, 0.016339, 0.029891, 0.035301}

// covtypeRow: ten measurements, one of four areas, one of forty soils.
func covtypeRow(r *rand.Rand, x []float64) int {
	u, y := r.Float64(), 0
	for y < 6 && u >= covtypeShares[y] {
		u -= covtypeShares[y]
		y++
	}
	clear(x)
	elevation := [7]float64{3130, 2920, 2395, 2225, 2790, 2420, 3360}[y]
	spread := [7]float64{165, 180, 190, 105, 100, 190, 110}[y]
	// What separates the two large classes beside elevation is a sign.
	sign := 1.0
	if y%2 == 1 {
		sign = -1
	}
	slope := r.NormFloat64()
	shade := 0.7*sign*slope + 0.714*r.NormFloat64()
	measured := [10]float64{
		elevation + 1.1*spread*r.NormFloat64(), 180 + 100*r.NormFloat64(), 14 + 7.5*slope,
		270 + 40*float64(y%3) + 200*r.NormFloat64(), 46 + 55*r.NormFloat64(), 2350 - 120*float64(y) + 1500*r.NormFloat64(),
		212 + 26*r.NormFloat64(), 223 + 19*shade, 142 + 38*r.NormFloat64(), 1980 - 90*float64(y) + 1300*r.NormFloat64(),
	}
	for j, v := range measured {
		x[j] = math.Round(max(0, v))
	}
	area := y % 4
	if r.Float64() < 0.7 {
		area = r.IntN(4)
	}
	x[10+area] = 1
	soil := (6*y + r.IntN(10)) % 40
	if r.Float64() < 0.65 {
		soil = r.IntN(40)
	}
	x[14+soil] = 1
	return y
}

// covtypeLine is a line as covtype.data has it.
func covtypeLine(b []byte, x []float64, y int) []byte {
	for _, v := range x {
		b = strconv.AppendInt(b, int64(v), 10)
		b = append(b, ',')
	}
	b = strconv.AppendInt(b, int64(y+1), 10)
	return append(b, '\n')
}
