package verdict

import (
	"fmt"
	"strings"

	"github.com/miniunlearn/miniunlearn/attacks"
)

// String returns the verdict in one sentence: what was found, beside what
// retraining shows; or what would have been.
func (v *Verdict) String() string {
	parts := []string{
		v.Privacy.clause("privacy", v.Sensitivity, v.foundPrivacy(), "share"),
		v.Closeness.clause("closeness", v.Sensitivity, v.foundCloseness(), "share"),
		v.Utility.clause("utility", v.Loss, v.foundUtility(), "loss"),
	}
	return fmt.Sprintf("%s at %s with %d models: %s.", v.Outcome, percent(v.Level), v.Models, strings.Join(parts, "; "))
}

// clause says of one part what was found or what would have been.
func (p *Part) clause(name string, wanted float64, found, effect string) string {
	switch p.Outcome {
	case Failed:
		return fmt.Sprintf("%s failed, %s", name, found)
	case Passed:
		return fmt.Sprintf("%s passed, nothing was found where %s would have been", name, p.effect(effect))
	}
	if !p.Detectable.Exists() {
		return fmt.Sprintf("%s undecided, nothing was found and nothing could have been, as the model before unlearning shows nothing to forget, or the method's models nothing at all", name)
	}
	asked := fmt.Sprintf("%s was asked for", percent(wanted))
	if effect == "loss" {
		asked = fmt.Sprintf("%.2g points were asked for", 100*wanted)
	}
	return fmt.Sprintf("%s undecided, nothing was found but only %s would have been and %s: about %d models would do", name, p.effect(effect), asked, p.ModelsNeeded)
}

// effect is what would be found.
func (p *Part) effect(kind string) string {
	if kind == "loss" {
		return fmt.Sprintf("a loss of %.2g points", 100*float64(p.Detectable))
	}
	return fmt.Sprintf("%s of what the model before unlearning shows", percent(float64(p.Detectable)))
}

func (v *Verdict) foundPrivacy() string {
	what := map[attacks.Finding]string{
		attacks.UnderUnlearned:  "forgotten examples still look trained on",
		attacks.OverUnlearned:   "forgotten examples look worse than never seen",
		attacks.Distinguishable: "forgotten examples can be told from never-seen ones",
	}[v.Finding]
	if v.AUC.outside() {
		what += fmt.Sprintf(": AUC %.3f, and %.3f to %.3f if nothing were left", v.AUC.Value, v.AUC.Low, v.AUC.High)
	}
	return fmt.Sprintf("%s (%s)", what, v.Privacy.strongest())
}

func (v *Verdict) foundCloseness() string {
	what := "the models differ from retrained ones"
	if v.W1.outside() {
		what += fmt.Sprintf(": W1 on forgotten examples %.2f, and %.2f to %.2f among retrained ones", v.W1.Value, v.W1.Low, v.W1.High)
	}
	return fmt.Sprintf("%s (%s)", what, v.Closeness.strongest())
}

// outside says whether the figure itself was found.
func (m Measure) outside() bool { return m.Value < m.Low || m.Value > m.High }

func (v *Verdict) foundUtility() string {
	return fmt.Sprintf("the models are worse than retrained ones: %s of unseen and %s of retained examples are right, and %s and %s after retraining (%s)",
		accuracyOf(v.Unseen.Method), accuracyOf(v.Retained.Method), accuracyOf(v.Unseen.Retrained), accuracyOf(v.Retained.Retrained), v.Utility.strongest())
}

func accuracyOf(f attacks.Float) string {
	if !f.Exists() {
		return "—"
	}
	return fmt.Sprintf("%.1f%%", 100*float64(f))
}

// strongest names the statistic found with the smallest p-value, the first of
// equals.
func (p *Part) strongest() string {
	name, least, alpha := "", 1.0, 0.0
	for _, t := range p.Tests {
		for _, s := range t.Statistics {
			if s.Found && s.P/t.Alpha < least {
				name, least, alpha = fmt.Sprintf("%s: p = %.2g", s.Name, s.P), s.P/t.Alpha, t.Alpha
			}
		}
	}
	return fmt.Sprintf("%s at %.2g", name, alpha)
}

// percent prints a share without digits that say nothing.
func percent(x float64) string { return fmt.Sprintf("%.3g%%", 100*x) }
