package attacks_test

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"strings"

	"github.com/miniunlearn/miniunlearn/attacks"
)

// gaussians draws n scores around mean.
func gaussians(rng *rand.Rand, mean float64, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = mean + rng.NormFloat64()
	}
	return x
}

func Example() {
	// Scores of the same examples under three models: forgotten examples stand
	// out before unlearning, and a little still after it.
	rng := rand.New(rand.NewPCG(1, 1))
	sample := func(shift float64) attacks.Sample {
		return attacks.Sample{Forgotten: gaussians(rng, shift, 500), Unseen: gaussians(rng, 0, 500)}
	}
	report, err := attacks.NewReport(sample(1.5), sample(0), sample(.4), attacks.ReportConfig{Signal: "logit-gap"})
	if err != nil {
		log.Fatal(err)
	}
	for _, row := range report.Rows {
		found := attacks.Finding("—")
		if row.ToRetrained != nil {
			found = row.ToRetrained.Finding
		}
		fmt.Printf("%-10s AUC %v  %s\n", row.Name, row.Evaluation.AUC, found)
	}
	// Output:
	// before     AUC 0.8536 [0.8291, 0.8751]  under-unlearned
	// retrained  AUC 0.5259 [0.4900, 0.5615]  —
	// unlearned  AUC 0.6285 [0.5935, 0.6622]  under-unlearned
}

func ExampleScores() {
	logits := []float64{
		4, 1, 0, // confident and right
		0, 3, 0, // confident and wrong
	}
	scores, err := attacks.Scores(attacks.SignalLogitGap, logits, 3, []int32{0, 2})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4f\n", scores)
	// Output: [2.6867 -3.0486]
}

func ExampleModifiedEntropy() {
	m, err := attacks.ModifiedEntropy([]float64{0, 0}, 2, []int{1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.6f\n", m[0]) // ln 2
	// Output: 0.693147
}

func ExampleAUC() {
	members, nonMembers := []float64{0, 4, 6, 7}, []float64{1, 2, 3, 5}
	auc, err := attacks.AUC(members, nonMembers)
	if err != nil {
		log.Fatal(err)
	}
	hull, err := attacks.HullAUC(members, nonMembers)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(auc, hull)
	// Output: 0.6875 0.8125
}

func ExampleTPRAtFPR() {
	members, nonMembers := []float64{3, 4, 5}, []float64{0, 1, 2, 3.5}
	p, err := attacks.TPRAtFPR(members, nonMembers, .1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("TPR %.3f at FPR %.2f, resolvable: %v\n", p.TPR, p.FPR, p.Resolvable)
	// Output: TPR 0.667 at FPR 0.00, resolvable: false
}

func ExampleBootstrap_AUCInterval() {
	rng := rand.New(rand.NewPCG(2, 1))
	iv, err := attacks.Bootstrap{Seed: 1}.AUCInterval(gaussians(rng, 1, 200), gaussians(rng, 0, 200))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(iv)
	// Output: 0.7770 [0.7289, 0.8177]
}

func ExampleEpsilonLowerBound() {
	rng := rand.New(rand.NewPCG(3, 1))
	b, err := attacks.EpsilonLowerBound(gaussians(rng, 2, 1000), gaussians(rng, 0, 1000),
		attacks.EpsilonConfig{Delta: 1e-5})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("ε ≥ %v with 95%% confidence\n", b)
	// Output: ε ≥ 3.35 (at most 4.92) with 95% confidence
}

func ExampleLiRA() {
	// Two models trained with the example, two without.
	shadows := &attacks.Shadows{
		Models: 4, Examples: 1,
		Signal: []float64{3, 5, 0, 2},
		State:  []attacks.State{attacks.In, attacks.In, attacks.Out, attacks.Out},
	}
	for _, phi := range []float64{1, 4} {
		answers := attacks.Answers{Examples: 1, Augs: 1, Signal: []float64{phi}}
		s, err := attacks.Score(context.Background(), attacks.LiRA{}, shadows, attacks.Membership, answers)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("φ = %v: log likelihood ratio %+.2f\n", phi, s[0])
	}
	// Output:
	// φ = 1: log likelihood ratio -2.25
	// φ = 4: log likelihood ratio +2.25
}

// gapToMean is an attack of one's own: how far the signal lies above what models
// that never saw the example answer.
type gapToMean struct{}

func (gapToMean) Name() string { return "gap-to-mean" }

func (gapToMean) Learn(_ context.Context, s *attacks.Shadows, game attacks.Game) (attacks.Scorer, error) {
	_, negative, err := game.States()
	if err != nil {
		return nil, err
	}
	mean, n := make([]float64, s.Examples), make([]float64, s.Examples)
	for i, phi := range s.Signal {
		if e := i % s.Examples; s.State[i] == negative {
			n[e]++
			mean[e] += (phi - mean[e]) / n[e]
		}
	}
	return attacks.ScorerFunc(func(target attacks.Answers) ([]float64, error) {
		scores := make([]float64, target.Examples)
		for e := range scores {
			scores[e] = target.Signal[e] - mean[e]
		}
		return scores, nil
	}), nil
}

func ExampleAttack() {
	rng := rand.New(rand.NewPCG(7, 1))
	all := &attacks.Shadows{Models: 40, Examples: 50}
	for range all.Models * all.Examples {
		st := attacks.State(rng.IntN(2)) // Out or In
		all.State = append(all.State, st)
		all.Signal = append(all.Signal, float64(st)+rng.NormFloat64())
	}
	shadows, targets, err := attacks.SplitModels(all, 1)
	if err != nil {
		log.Fatal(err)
	}
	for _, a := range []attacks.Attack{gapToMean{}, attacks.LiRA{}, attacks.RMIA{}, attacks.Threshold{}} {
		scores, err := attacks.Play(context.Background(), a, shadows, targets, attacks.Membership)
		if err != nil {
			log.Fatal(err)
		}
		e, err := scores.Evaluate(attacks.EvalConfig{})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%-22s AUC %v\n", e.Name, e.AUC)
	}
	// Output:
	// gap-to-mean-membership AUC 0.7456 [0.7039, 0.7832]
	// lira-membership        AUC 0.7119 [0.6743, 0.7469]
	// rmia-membership        AUC 0.7300 [0.6815, 0.7735]
	// threshold-membership   AUC 0.7582 [0.7181, 0.7942]
}

func ExampleULiRA() {
	// 40 models on 50 examples; forgotten examples still score one σ higher.
	rng := rand.New(rand.NewPCG(4, 1))
	all := &attacks.Shadows{Models: 40, Examples: 50}
	for range all.Models * all.Examples {
		st := []attacks.State{attacks.Out, attacks.Forgotten}[rng.IntN(2)]
		all.State = append(all.State, st)
		shift := 0.0
		if st == attacks.Forgotten {
			shift = 1
		}
		all.Signal = append(all.Signal, shift+rng.NormFloat64())
	}
	shadows, targets, err := attacks.SplitModels(all, 1)
	if err != nil {
		log.Fatal(err)
	}
	r, err := attacks.ULiRA{Fit: attacks.Shrunk}.Audit(context.Background(), shadows, targets)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Finding)
	// Output: under-unlearned
}

func ExampleForgettingQuality() {
	// A perfect unlearner: both kinds of models from one distribution.
	rng := rand.New(rand.NewPCG(6, 1))
	const models, examples = 64, 100
	r, err := attacks.ForgettingQuality{}.Score(
		gaussians(rng, 0, models*examples), gaussians(rng, 0, models*examples), examples)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("F = %.2f, and a perfect unlearner gets %.2f to %.2f\n", r.F, float64(r.NullLow), float64(r.NullHigh))
	// Output: F = 0.22, and a perfect unlearner gets 0.21 to 0.24
}

func ExampleReport_WriteMarkdown() {
	s := attacks.Sample{Forgotten: []float64{1, 2, 3}, Unseen: []float64{1, 2, 4}}
	r, err := attacks.NewReport(s, s, s, attacks.ReportConfig{FPRs: []float64{.5}})
	if err != nil {
		log.Fatal(err)
	}
	var b strings.Builder
	if err := r.WriteMarkdown(&b); err != nil {
		log.Fatal(err)
	}
	fmt.Fprintln(os.Stdout, strings.Split(b.String(), "\n")[2])
	// Output: | model | AUC | AUC − retrained | bal. acc. | TPR@50% | KS | W1 | KS to retrained | ε ≥ | found |
}
