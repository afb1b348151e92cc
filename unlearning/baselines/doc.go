// Package baselines holds published methods of unlearning, each under the name of
// its paper, to compare with:
//
//	DeltaGrad         Wu, Dobriban and Davidson, ICML 2020
//	Amnesiac          Graves, Nagisetty and Ganesh, AAAI 2021
//	DescentToDelete   Neel, Roth and Sharifi-Malvajerdi, ALT 2021, without the noise
//	RewindToDelete    Mu and Klabjan, NeurIPS 2025, without the noise
//	Newton            the influence-function update: Koh and Liang, 2017; Guo et al., 2020
//	Influence         Koh and Liang, ICML 2017, by exact Hessian-vector products
//	HessianFree       recollection: Qiao et al., ICLR 2025, without the noise
//	ShrinkPerturb     Ash and Adams, NeurIPS 2020
//	FineTune          training on
//
// Those that train on from w_T with a loss of their own, at costs and rates that Steps
// has:
//
//	NegGrad           gradient ascent: Golatkar et al., CVPR 2020; Thudi et al., 2022
//	NegGradPlus       NegGrad+: Kurmanji et al., NeurIPS 2023
//	RandomLabels      relabelling: Golatkar et al., CVPR 2020; Graves et al., AAAI 2021
//	SalUn             Fan et al., ICLR 2024
//	SCRUB             with rewind: Kurmanji et al., NeurIPS 2023
//	BadTeacher        Chundawat et al., AAAI 2023
//	L1Sparse          Jia et al., NeurIPS 2023
//	CFk, EUk          Goel et al., 2022
//	CT, MSG           NeurIPS 2023's competition: Cadet et al., Deep Unlearn, 2024
//	SFRon             Huang et al., NeurIPS 2024
//	RUM               by memorisation, then one of these a part: Zhao et al., NeurIPS 2024
//	SSD               selective synaptic dampening: Foster et al., AAAI 2024
//
// And those whose noise gives an (ε, δ) guarantee, if a secret key draws it, see Noise:
//
//	NoisyDescent      Descent-to-Delete with its noise, for logistic regression
//	NoisyFineTune     Koloskova et al., ICML 2025, for any model
//
// SISA (Bourtoule et al., IEEE S&P 2021) trains models of its own, and forgets exactly;
// sweeps know it by its name, and nothing else that takes a method can.
//
// Their notations may set hyperparameters: "neggradplus:0.2:alpha=0.9:rate=0.3".
//
// Importing the package registers them with unlearning.ByName. Each is a template
// for a method of one's own: it begins with unlearning.Begin, which checks the
// problem and counts its cost, and ends with Request.Finish.
package baselines

import (
	"strings"

	"github.com/miniunlearn/miniunlearn/unlearning"
)

// Guards of this package's methods, beside those of contraction's L-BFGS.
const (
	GuardNegativeCurvature unlearning.Guard = "negative curvature" // an iteration of Newton that ended early
	GuardNothingDamped     unlearning.Guard = "nothing damped"     // SSD, of which no parameter passed the threshold
)

func init() {
	rewind := unlearning.ByCost(func(c float64) unlearning.Method { return RewindToDelete{Cost: c} })
	descent := unlearning.ByCost(func(c float64) unlearning.Method { return DescentToDelete{Cost: c} })
	unlearning.Register("deltagrad", "T0", unlearning.ByCount(func(t0 int) unlearning.Method { return DeltaGrad{T0: t0} }))
	unlearning.Register("amnesiac", "", unlearning.Plain(Amnesiac{}))
	unlearning.Register("rewind", "COST", rewind)
	unlearning.Register("rewind-to-delete", "COST", rewind)
	unlearning.Register("descent", "COST", descent)
	unlearning.Register("descent-to-delete", "COST", descent)
	unlearning.Register("newton", "ITERATIONS", unlearning.ByCount(func(n int) unlearning.Method { return Newton{Iterations: n} }))
	unlearning.Register("finetune", "COST", unlearning.ByCost(func(c float64) unlearning.Method { return FineTune{Short: unlearning.Short{Cost: c}} }))
	unlearning.Register("shrink-perturb", "COST", unlearning.ByCost(func(c float64) unlearning.Method { return ShrinkPerturb{Short: unlearning.Short{Cost: c}} }))
	register(func(m *NoisyDescent) (*float64, []setting) {
		return &m.Cost, append(m.settings(), number("norm", &m.Norm))
	}, "noisy-descent")
	register(func(m *NoisyFineTune) (*float64, []setting) {
		return &m.Cost, append(m.settings(), count("steps", &m.Steps), count("batch", &m.Batch), number("rate", &m.Rate),
			number("decay", &m.Decay), number("model", &m.Model), number("gradient", &m.Gradient))
	}, "noisy-finetune")
	register(func(m *NegGrad) (*float64, []setting) {
		return &m.Cost, append(m.settings(), count("epochs", &m.Epochs))
	}, "neggrad", "gradient-ascent")
	register(func(m *NegGradPlus) (*float64, []setting) {
		return &m.Cost, append(m.settings(), number("alpha", &m.Alpha))
	}, "neggradplus")
	register(func(m *RandomLabels) (*float64, []setting) { return &m.Cost, m.settings() }, "random-labels")
	register(func(m *SalUn) (*float64, []setting) {
		return &m.Cost, append(m.settings(), number("share", &m.Share))
	}, "salun")
	scrub := func(m *SCRUB) (*float64, []setting) {
		return &m.Cost, append(m.settings(), number("alpha", &m.Alpha), number("gamma", &m.Gamma), number("temperature", &m.Temperature), count("rounds", &m.Rounds), count("climbs", &m.Climbs))
	}
	register(scrub, "scrub")
	register(func(m *SCRUB) (*float64, []setting) { m.Rewind = true; return scrub(m) }, "scrub-rewind")
	register(func(m *BadTeacher) (*float64, []setting) {
		return &m.Cost, append(m.settings(), number("temperature", &m.Temperature), number("share", &m.Share))
	}, "bad-teacher")
	register(func(m *L1Sparse) (*float64, []setting) {
		return &m.Cost, append(m.settings(), number("alpha", &m.Alpha))
	}, "l1-sparse")
	register(func(m *CFk) (*float64, []setting) { return &m.Cost, append(m.settings(), count("k", &m.K)) }, "cf-k")
	register(func(m *EUk) (*float64, []setting) { return &m.Cost, append(m.settings(), count("k", &m.K)) }, "eu-k")
	register(func(m *SSD) (*float64, []setting) {
		return &m.Cost, []setting{seed(&m.Seed), number("alpha", &m.Alpha), number("lambda", &m.Lambda)}
	}, "ssd")
	unlearning.Register("hessian-free", "", unlearning.Plain(HessianFree{}))
	register(func(m *Influence) (*float64, []setting) {
		return &m.Cost, []setting{seed(&m.Seed), count("iterations", &m.Iterations), number("damping", &m.Damping)}
	}, "influence")
	register(func(m *CT) (*float64, []setting) { return &m.Cost, m.settings() }, "ct")
	register(func(m *MSG) (*float64, []setting) {
		return &m.Cost, append(m.settings(), number("share", &m.Share), number("slow", &m.Slow))
	}, "msg")
	register(func(m *SFRon) (*float64, []setting) {
		return &m.Cost, append(m.settings(), number("alpha", &m.Alpha), count("every", &m.Every), number("lambda", &m.Lambda), number("gamma", &m.Gamma), number("clip", &m.Clip))
	}, "sfr-on")
	unlearning.Register("sisa", "shards=S:slices=S", func(arg string) (unlearning.Method, error) {
		var m SISA
		settings := []setting{count("shards", &m.Shards), count("slices", &m.Slices)}
		for _, item := range strings.FieldsFunc(arg, func(c rune) bool { return c == ':' }) {
			name, value, _ := strings.Cut(item, "=")
			if err := set(settings, name, value); err != nil {
				return nil, err
			}
		}
		return m, nil
	})
	register(func(m *RUM) (*float64, []setting) { return &m.Cost, []setting{seed(&m.Seed)} }, "rum")
}
