package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/bench/audit"
	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
)

// probe makes one of the audits that train models of their own; it returns its rows and
// prints them.
type probe func(ctx context.Context, c audit.Config, out io.Writer) (rows any, err error)

// parseProbe reads poison:SCALE, relearn:EPOCHS, canaries, canaries:mislabelled or
// reconstruct.
func parseProbe(s string) (name string, p probe, err error) {
	name, arg, _ := strings.Cut(s, ":")
	unknown := fmt.Errorf("unknown probe %q; known are poison:SCALE, relearn:EPOCHS, canaries, canaries:mislabelled and reconstruct", s)
	switch name {
	case "poison":
		scale := 0.5
		if arg != "" {
			if scale, err = strconv.ParseFloat(arg, 64); err != nil || !(scale > 0) || math.IsInf(scale, 1) {
				return "", nil, unknown
			}
		}
		return name, func(ctx context.Context, c audit.Config, out io.Writer) (any, error) {
			rows, err := audit.Poison(ctx, c, attacks.Poison{Scale: scale, Seed: c.Train.Seed})
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(out, "models\tknown of the noise\tof fresh noise\tp\tTPR@1%%\n")
			for _, r := range rows {
				fmt.Fprintf(out, "%s\t%.3f\t[%.3f, %.3f]\t%.3g\t%.1f%%\n", r.Name, r.Poison.Mean, r.Poison.NullLow, r.Poison.NullHigh, r.Poison.PValue, 100*r.Poison.TPR)
			}
			return rows, nil
		}, nil
	case "relearn":
		epochs := 5
		if arg != "" {
			if epochs, err = strconv.Atoi(arg); err != nil || epochs < 1 {
				return "", nil, unknown
			}
		}
		return name, func(ctx context.Context, c audit.Config, out io.Writer) (any, error) {
			rows, err := audit.Relearn(ctx, c, epochs)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(out, "models\tepochs until back\tloss of forgotten, by epoch\tof unseen\tunseen − forgotten\n")
			for _, r := range rows {
				back := "never"
				if r.Back >= 0 {
					back = strconv.Itoa(r.Back)
				}
				fmt.Fprintf(out, "%s\t%s\t%.3f\t%.3f\t%.3f ± %.3f\n", r.Name, back, r.Loss, r.Unseen, r.Excess, r.Sd)
			}
			return rows, nil
		}, nil
	case "reconstruct":
		if arg != "" {
			return "", nil, unknown
		}
		return name, func(ctx context.Context, c audit.Config, out io.Writer) (any, error) {
			rows, err := audit.Reconstruct(ctx, c)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(out, "models\tforgotten example found\tcosine\tlabel right\n")
			for _, r := range rows {
				fmt.Fprintf(out, "%s\t%.0f%% of %d\t%.3f\t%.0f%%\n", r.Name, 100*r.Found, r.Models, r.Cosine, 100*r.Label)
			}
			return rows, nil
		}, nil
	case "canaries":
		if arg != "" && arg != "mislabelled" {
			return "", nil, unknown
		}
		return name, func(ctx context.Context, c audit.Config, out io.Writer) (any, error) {
			rows, err := audit.Canaries(ctx, c, audit.Canary{Delta: 1e-5, Mislabel: arg != ""})
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(out, "models\tAUC\tquantile\tlabel only\tε ≥\tε ≥ (f-DP)\n")
			for _, r := range rows {
				fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Name, short(&r.AUC), short(r.Quantile), short(r.LabelOnly), r.Epsilon, r.FDP)
			}
			return rows, nil
		}, nil
	}
	return "", nil, unknown
}

func short(v *attacks.Interval) string {
	if v == nil {
		return "—"
	}
	return fmt.Sprintf("%.3f [%.3f, %.3f]", v.Estimate, v.Low, v.High)
}

// runProbe makes the probe that the flags ask for.
func (o *options) runProbe(ctx context.Context, stdout io.Writer) error {
	name, run, err := parseProbe(o.probe)
	if err != nil {
		return err
	}
	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	rows, err := run(ctx, o.audit, w)
	if err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	path := filepath.Join(o.out, "probe-"+name+".json")
	err = atomicfile.Write(path, func(f io.Writer) error {
		e := json.NewEncoder(f)
		e.SetIndent("", "  ")
		return e.Encode(rows)
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%sThe numbers are in %s.\n", &table, path)
	return err
}
