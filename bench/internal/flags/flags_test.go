package flags_test

import (
	"bytes"
	"errors"
	"flag"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/bench/internal/flags"
	"github.com/miniunlearn/miniunlearn/nets"
)

func parse(args []string, check func() error) (flags.Training, string, error) {
	var stderr bytes.Buffer
	t := flags.Training{Methods: flags.List{"mini"}}
	fs := flag.NewFlagSet("prog", flag.ContinueOnError)
	t.Define(fs)
	err := flags.Parse(fs, args, &stderr, check)
	return t, stderr.String(), err
}

func TestParse(t *testing.T) {
	o, told, err := parse([]string{"-net", "logistic, lenet5", "-schedule", "Constant", "-lr", "0.2"}, nil)
	require.NoError(t, err)
	require.Empty(t, told)
	require.Equal(t, flags.List{"logistic", "lenet5"}, o.Nets)
	require.Equal(t, flags.List{"mini"}, o.Methods)
	c, err := o.Config()
	require.NoError(t, err)
	require.Equal(t, nets.Config{Epochs: 20, Batch: 64, LR: nets.ConstantRate(0.2), Momentum: 0.9, WeightDecay: 5e-4}, c)
	require.NoError(t, o.Check())

	o.Schedule = "cosin"
	_, err = o.Config()
	require.EqualError(t, err, `unknown schedule "cosin"; did you mean cosine?; known are constant, cosine`)
}

// TestCauseIsSeen: one line says what is wrong; the list of flags comes when asked
// for.
func TestCauseIsSeen(t *testing.T) {
	for want, args := range map[string][]string{
		"prog: unknown flag -metods; did you mean -methods? (prog -h lists the flags)\n":                           {"-metods", "mini"},
		"prog: unknown flag -depth (prog -h lists the flags)\n":                                                    {"-depth=3"},
		"prog: unexpected argument \"x\"; lists take commas and no spaces (prog -h lists the flags)\n":             {"-n", "3", "x"},
		"prog: invalid value \"few\" for flag -epochs: parse error (prog -h lists the flags)\n":                    {"-epochs", "few"},
		"prog: invalid value \"mini,\" for flag -methods: \"mini,\" has an empty item (prog -h lists the flags)\n": {"-methods", "mini,"},
	} {
		_, told, err := parse(args, nil)
		require.Error(t, err)
		require.Equal(t, want, told)
	}
	_, told, err := parse(nil, func() error { return errors.New("of the command's own") })
	require.Error(t, err)
	require.Equal(t, "prog: of the command's own (prog -h lists the flags)\n", told)
	_, told, err = parse([]string{"-h"}, nil)
	require.ErrorIs(t, err, flag.ErrHelp)
	require.Contains(t, told, "-weight-decay")
}

func TestCheck(t *testing.T) {
	for want, args := range map[string][]string{
		"-epochs 0 and -batch 64": {"-epochs", "0"},
		"-n -3":                   {"-n", "-3"},
		"-lr NaN":                 {"-lr", "NaN"},
		"-lr +Inf":                {"-lr", "Inf"},
		"-momentum 1":             {"-momentum", "1"},
		"-weight-decay -1":        {"-weight-decay", "-1"},
	} {
		o, _, err := parse(args, nil)
		require.NoError(t, err)
		require.ErrorContains(t, o.Check(), want)
	}
}
