package main

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// patients makes patients.csv: people who do not exist, more likely ill with
// age, pressure and smoking.
func patients() string {
	r := rand.New(rand.NewPCG(1, 0))
	var b strings.Builder
	b.WriteString("patient,age,sex,pressure,smoker,outcome\n")
	for i := range 600 {
		age, sex, smoker := 20+r.IntN(60), []string{"F", "M"}[r.IntN(2)], []string{"no", "yes"}[r.IntN(4)/3]
		pressure := 100 + float64(age)/2 + 12*r.NormFloat64()
		risk := float64(age-50)/12 + (pressure-125)/15
		if smoker == "yes" {
			risk++
		}
		outcome := "well"
		if r.Float64() < 1/(1+math.Exp(-risk)) {
			outcome = "ill"
		}
		measured := fmt.Sprintf("%.0f", pressure)
		if r.IntN(30) == 0 {
			measured = ""
		}
		fmt.Fprintf(&b, "p-%04d,%d,%s,%s,%s,%s\n", i+1, age, sex, measured, smoker, outcome)
	}
	return b.String()
}

// TestPatients: the file is the one made here; MINIUNLEARN_REGEN=1 writes it.
func TestPatients(t *testing.T) {
	if os.Getenv("MINIUNLEARN_REGEN") != "" {
		require.NoError(t, os.WriteFile("patients.csv", []byte(patients()), 0o644))
	}
	got, err := os.ReadFile("patients.csv")
	require.NoError(t, err)
	require.Equal(t, patients(), string(got))
}

func TestOwnTable(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, "patients.csv", "p-0017"))
	require.Contains(t, out.String(), "1 to forget")
	require.Contains(t, out.String(), "mini")
	require.Contains(t, out.String(), "retrain")

	require.ErrorContains(t, run(t.Context(), &out, "patients.csv", "P-17"), `did you mean "p-0017"?`)
	require.ErrorContains(t, run(t.Context(), &out, "no.csv", "p-0017"), "no such file")
}
