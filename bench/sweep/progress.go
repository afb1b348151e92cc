package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/miniunlearn/miniunlearn/bench/grid"
)

// progress says how far a run is: on a terminal by a bar, elsewhere by a line every
// so often.
type progress struct {
	w     io.Writer
	every time.Duration // between lines; 0 for none
	began time.Time

	mu    sync.Mutex
	width func() int               // of the terminal; nil where there is no bar
	bar   *progressbar.ProgressBar // nil until there is something to say
	last  grid.Event
	doing string
	end   chan struct{}
	ended sync.WaitGroup
}

// newProgress is silent where it is asked to be; a log has lines and no bar between
// them.
func newProgress(w io.Writer, quiet, log bool) *progress {
	p := &progress{w: w}
	f, ok := w.(*os.File)
	switch {
	case quiet:
	case ok && term.IsTerminal(int(f.Fd())) && !log:
		p.width = func() int {
			width, _, err := term.GetSize(int(f.Fd()))
			if err != nil || width < 1 {
				return 80
			}
			return width
		}
	default:
		p.every = 30 * time.Second
	}
	return p
}

// start begins to count the time.
func (p *progress) start() {
	p.began = time.Now()
	if p.every == 0 {
		return
	}
	p.end = make(chan struct{})
	p.ended.Go(func() {
		tick := time.NewTicker(p.every)
		defer tick.Stop()
		for {
			select {
			case <-p.end:
				return
			case <-tick.C:
				p.mu.Lock()
				fmt.Fprintf(p.w, "sweep: %s: %s\n", p.count(), p.doing)
				p.mu.Unlock()
			}
		}
	})
}

// stop ends it.
func (p *progress) stop() {
	if p.end != nil {
		close(p.end)
		p.ended.Wait()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Finish() // a courtesy, as all of the bar
	}
}

// event takes news of the run.
func (p *progress) event(e grid.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = e
	if e.Text != "" {
		p.doing = e.Text
	}
	if p.width == nil {
		return
	}
	if p.bar == nil {
		p.bar = progressbar.NewOptions(e.Total, progressbar.OptionSetWriter(p.w), progressbar.OptionSetWidth(barWidth), progressbar.OptionSetPredictTime(false),
			progressbar.OptionSetElapsedTime(false), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionShowDescriptionAtLineEnd())
	}
	p.bar.Describe(cut(p.count()+": "+p.doing, p.width()-barWidth-11))
	_ = p.bar.Set(e.Done)
}

// barWidth is how wide the bar itself is. With its ends, the percentage and the spaces
// it takes 11 more; the text behind it has the rest of the line. A line that is
// wider than the terminal would be left behind by the next.
const barWidth = 20

// cut returns a text in at most width characters.
func cut(text string, width int) string {
	r := []rune(text)
	if len(r) <= width {
		return text
	}
	return string(r[:max(0, width-1)]) + "…"
}

// count says how many cells there are, and how long the others will take if they are
// like those that were computed.
func (p *progress) count() string {
	e := p.last
	text := fmt.Sprintf("%d of %d cells", e.Done, e.Total)
	if e.Failed > 0 {
		text += fmt.Sprintf(", %d failed", e.Failed)
	}
	if left := e.Total - e.Done; e.Computed > 0 && left > 0 {
		text += ", about " + about(time.Since(p.began)/time.Duration(e.Computed)*time.Duration(left)) + " left"
	}
	return text
}

// say tells of something that was mended.
func (p *progress) say(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	fmt.Fprintf(p.w, "sweep: %s\n", text)
}

// about rounds a duration to what is worth saying.
func about(d time.Duration) string {
	switch {
	case d < time.Second:
		return "1 s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}
