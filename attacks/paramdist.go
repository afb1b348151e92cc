package attacks

import "math"

// Layer names a part of the flat parameter vector.
type Layer struct {
	Name        string
	Offset, Len int
}

// ParamDistance compares parameters u (unlearned), v (retrained) and w (before).
type ParamDistance struct {
	Layer    string  `json:"layer"`    // "all" for the whole vector
	Absolute float64 `json:"absolute"` // ‖u−v‖₂
	Before   Float   `json:"before"`   // ‖w−v‖₂; missing without w
	Relative Float   `json:"relative"` // Absolute/Before; missing for 0/0 or without w
}

// ParamDistances returns the distance over the whole vector followed by one
// per layer. before may be nil. The vectors must have one length and be
// finite; layers must lie inside them but need not cover them.
//
// Retraining with another seed ends far away in parameters and near in
// behaviour: a distance compares runs of one seed only.
func ParamDistances[F ~float32 | ~float64](unlearned, retrained, before []F, layers []Layer) ([]ParamDistance, error) {
	const op = "ParamDistances"
	if len(unlearned) == 0 {
		return nil, failf(op, ErrEmpty, "no parameters")
	}
	if len(retrained) != len(unlearned) {
		return nil, &ShapeError{Op: op, Arg: "retrained", Got: len(retrained), Want: len(unlearned)}
	}
	if before != nil && len(before) != len(unlearned) {
		return nil, &ShapeError{Op: op, Arg: "before", Got: len(before), Want: len(unlearned)}
	}
	for _, p := range []struct {
		arg string
		x   []F
	}{{"unlearned", unlearned}, {"retrained", retrained}, {"before", before}} {
		for i, v := range p.x {
			if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
				return nil, &ValueError{Op: op, Arg: p.arg, Index: i, Value: f, Err: ErrNotFinite}
			}
		}
	}
	parts := append([]Layer{{Name: "all", Len: len(unlearned)}}, layers...)
	out := make([]ParamDistance, len(parts))
	for k, l := range parts {
		if l.Offset < 0 || l.Len < 0 || l.Offset > len(unlearned)-l.Len {
			return nil, failf(op, ErrShape, "layer %q [%d, +%d) leaves the %d parameters", l.Name, l.Offset, l.Len, len(unlearned))
		}
		d := ParamDistance{Layer: l.Name, Before: Missing(), Relative: Missing()}
		end := l.Offset + l.Len
		d.Absolute = distance(unlearned[l.Offset:end], retrained[l.Offset:end])
		if before != nil {
			b := distance(before[l.Offset:end], retrained[l.Offset:end])
			d.Before, d.Relative = Float(b), Float(d.Absolute/b) // 0/0 is NaN: missing
		}
		out[k] = d
	}
	return out, nil
}

// distance is ‖a − b‖₂, of differences in units of the largest, whose squares neither
// overflow nor vanish.
func distance[F ~float32 | ~float64](a, b []F) float64 {
	largest := 0.0
	for i := range a {
		largest = max(largest, math.Abs(float64(a[i])/2-float64(b[i])/2))
	}
	unit := math.Ldexp(1, math.Ilogb(max(largest, 0x1p-1000)))
	ss := 0.0
	for i := range a {
		d := (float64(a[i])/2 - float64(b[i])/2) / unit
		ss += d * d
	}
	return 2 * math.Sqrt(ss) * unit
}
