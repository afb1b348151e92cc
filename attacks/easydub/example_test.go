package easydub_test

import (
	"fmt"
	"log"
	"math/rand/v2"
	"os"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/attacks/easydub"
)

func Example() {
	dir, err := os.MkdirTemp("", "easydub")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	// 100 models of a method that leaves every margin a standard deviation too high.
	l, rng := easydub.Layout{Dataset: "digits", Arch: "mlp"}, rand.New(rand.NewPCG(1, 1))
	for m := range 100 {
		for i, kind := range []string{easydub.Oracle, "mine"} {
			margins := make([]float64, 50)
			for e := range margins {
				margins[e] = float64(4+i) + rng.NormFloat64()
			}
			if err := l.Write(dir, kind, easydub.Forget, 1, m, margins); err != nil {
				log.Fatal(err)
			}
		}
	}
	unlearned, n, err := l.Read(os.DirFS(dir), "mine", easydub.Forget, 1, 100)
	if err != nil {
		log.Fatal(err)
	}
	oracles, _, err := l.Read(os.DirFS(dir), easydub.Oracle, easydub.Forget, 1, 100)
	if err != nil {
		log.Fatal(err)
	}
	klom, err := attacks.KLOM{Published: true}.Score(unlearned, oracles, n)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("KLOM: 95th percentile %.2f of %d examples\n", klom.KL95, n)
	// Output: KLOM: 95th percentile 1.81 of 50 examples
}
