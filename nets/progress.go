package nets

import (
	"fmt"
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Progress returns a hook that shows a bar on stderr while training, if stderr
// is a terminal, and does nothing otherwise.
func Progress(title string) Hook {
	return &progress{title: title, on: term.IsTerminal(int(os.Stderr.Fd()))}
}

type progress struct {
	title string
	on    bool
	bar   *progressbar.ProgressBar
}

func (p *progress) OnStart(s Start) error {
	if p.on {
		p.bar = progressbar.NewOptions(s.Steps, progressbar.OptionSetWriter(os.Stderr),
			progressbar.OptionSetDescription(p.title), progressbar.OptionShowIts(), progressbar.OptionThrottle(100e6),
			progressbar.OptionClearOnFinish(), progressbar.OptionSetItsString("step"))
	}
	return nil
}

// The bar is a courtesy: that it cannot be drawn must not end a run.
func (p *progress) OnStep(s Step) error {
	if p.bar != nil {
		p.bar.Describe(fmt.Sprintf("%s, epoch %d, loss %.4f", p.title, s.Epoch, s.Loss))
		_ = p.bar.Add(1)
	}
	return nil
}

func (p *progress) OnEnd(*Run) error {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
	return nil
}
