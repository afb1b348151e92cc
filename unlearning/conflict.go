package unlearning

import (
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
)

// conflicting reports whether U taught against the others, as wrong labels do, if
// the sample is large enough to tell: a few examples of two classes point against
// each other whatever they taught.
func conflicting(d *contraction.LogitSum) bool {
	return (d.Used >= defaults.SampleLeast || d.Noise == 0) && d.Cosine < defaults.ConflictCosine && d.Part > defaults.ConflictPart
}
