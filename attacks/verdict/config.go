package verdict

import (
	"errors"
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/attacks"
)

// Config says how to judge. The zero value is usable.
type Config struct {
	// Level is the confidence of the whole verdict: retraining fails in at most
	// 1 − Level of audits. 0 means 0.95.
	Level float64
	// Deals is the number of random deals and swaps that each test compares with;
	// 0 means 999.
	Deals int
	// Sensitivity is what an audit must be able to find for a verdict of passed: a
	// method that keeps this share of what the model before unlearning leaks. 0 means
	// a tenth.
	Sensitivity float64
	// Loss is the loss of accuracy that it must be able to find. 0 means 0.01, one
	// point.
	Loss float64
	// Attacks learn from shadows and are tried on targets; nil means U-LiRA's, both
	// directions: attacks.LiRA, two-sided, and attacks.Direction, with the fit Shrunk.
	Attacks []attacks.Attack
	Seed    uint64
}

var errNothingDealt = errors.New("nothing to test")

func (c Config) deals() int { return c.Deals + 1 }

// withDefaults fills in and checks.
func (c Config) withDefaults() (Config, error) {
	if c.Level == 0 {
		c.Level = 0.95
	}
	if c.Deals == 0 {
		c.Deals = 999
	}
	if c.Sensitivity == 0 {
		c.Sensitivity = 0.1
	}
	if c.Loss == 0 {
		c.Loss = 0.01
	}
	if c.Attacks == nil {
		c.Attacks = []attacks.Attack{attacks.LiRA{Fit: attacks.Shrunk}, attacks.Direction{Fit: attacks.Shrunk}}
	}
	for _, v := range []struct {
		name string
		x    float64
	}{{"Level", c.Level}, {"Loss", c.Loss}} {
		if !(v.x > 0 && v.x < 1) {
			return c, &attacks.ValueError{Op: "verdict", Arg: v.name, Index: -1, Value: v.x, Err: attacks.ErrRange}
		}
	}
	if !(c.Sensitivity > 0) {
		return c, &attacks.ValueError{Op: "verdict", Arg: "Sensitivity", Index: -1, Value: c.Sensitivity, Err: attacks.ErrRange}
	}
	// Each of the smallest tests must be able to find something.
	if least := int(math.Ceil(smallestTests/c.alpha()-1e-6)) - 1; c.Deals < least {
		return c, fmt.Errorf("verdict: %d deals cannot reach the level %g; %d would do: %w", c.Deals, c.Level, least, attacks.ErrRange)
	}
	return c, nil
}

// Validate reports what Judge would refuse of c.
func (c Config) Validate() error {
	_, err := c.withDefaults()
	return err
}

// alpha is 1 − Level without the rounding that turns 0.95 into 0.050000000000000044.
func (c Config) alpha() float64 { return math.Round((1-c.Level)*1e12) / 1e12 }

// smallestTests is how many tests of the size of the smallest share the error
// probability of a verdict: a quarter of a third.
const smallestTests = 12
