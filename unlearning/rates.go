package unlearning

import "github.com/miniunlearn/miniunlearn/nets"

// peakRate returns the largest learning rate of a run.
func peakRate(run *nets.Run) (peak float64) {
	for t := range run.Steps {
		peak = max(peak, run.Config.LR.Rate(t, run.Steps))
	}
	return peak
}

// finalRate returns the mean learning rate of a run's last tenth, one step at
// least.
func finalRate(run *nets.Run) (mean float64) {
	k := max(run.Steps/10, 1)
	for t := run.Steps - k; t < run.Steps; t++ {
		mean += run.Config.LR.Rate(t, run.Steps) / float64(k)
	}
	return mean
}

// learningTime returns Σ η over the steps of a schedule.
func learningTime(lr nets.LRSchedule, steps int) (sum float64) {
	for t := range steps {
		sum += lr.Rate(t, steps)
	}
	return sum
}
