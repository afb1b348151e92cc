package verdict_test

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/attacks/verdict"
)

// Models of two classes that answer an example by chance, and surer by effect where
// they know it.
func answers(d *verdict.Design, seed uint64, effect float64, known func(s attacks.State) bool) *verdict.Answers {
	rng := rand.New(rand.NewPCG(seed, 1))
	var z []float32
	for i, s := range d.State {
		gap := 1 + 0.5*rng.NormFloat64()
		if known(s) {
			gap += effect
		}
		row := []float32{0, 0}
		row[d.Labels[i%len(d.Labels)]] = float32(gap)
		z = append(z, row...)
	}
	return &verdict.Answers{Logits: [][]float32{z}}
}

func ExampleConfig_Judge() {
	// 40 models and 60 examples, each dealt to half of the models, ten of which are
	// then asked to forget it.
	const models, examples = 40, 60
	rng := rand.New(rand.NewPCG(1, 1))
	d := &verdict.Design{Classes: 2, Labels: make([]int32, examples), State: make([]attacks.State, models*examples)}
	for e := range examples {
		d.Labels[e] = int32(e % 2)
		for k, m := range rng.Perm(models) {
			switch {
			case k < 10:
				d.State[m*examples+e] = attacks.Forgotten
			case k < 20:
				d.State[m*examples+e] = attacks.In
			}
		}
	}
	retained := func(s attacks.State) bool { return s == attacks.In }
	trained := func(s attacks.State) bool { return s != attacks.Out }
	before := answers(d, 1, 1, trained)
	reference := answers(d, 2, 1, retained)
	for seed, known := range []func(attacks.State) bool{trained, retained} {
		v, err := verdict.Config{Sensitivity: 0.25, Loss: 0.05}.Judge(context.Background(), d, verdict.Models{
			Method: answers(d, uint64(seed)+3, 1, known), Reference: reference, Before: before,
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(v)
	}
	// Output:
	// failed at 95% with 40 models: privacy failed, forgotten examples still look trained on: AUC 0.910, and 0.455 to 0.548 if nothing were left (logit gap: p = 0.001 at 0.0083); closeness failed, the models differ from retrained ones: W1 on forgotten examples 1.02, and 0.28 to 0.53 among retrained ones (W1, forgotten: p = 0.001 at 0.017); utility passed, nothing was found where a loss of 2 points would have been.
	// passed at 95% with 40 models: privacy passed, nothing was found where 10.9% of what the model before unlearning shows would have been; closeness passed, nothing was found where 18.2% of what the model before unlearning shows would have been; utility passed, nothing was found where a loss of 2.6 points would have been.
}
