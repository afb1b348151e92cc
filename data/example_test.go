package data_test

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/data"
)

// Load the digits, choose a fifth to forget, and look at one batch.
func Example() {
	s := data.Digits()
	forget := data.RandomForget(s.Train, 0.2, 7)
	fmt.Println(s.Train.Len(), "train,", s.Validation.Len(), "validation,", s.Test.Len(), "test")
	fmt.Println(forget.Spec, "forgets", forget.Len())

	order := data.Order{Seed: 1, N: s.Train.Len(), Batch: 64}
	x := make([]float32, order.Batch*s.Train.Features())
	y := make([]int32, order.Batch)
	examples := 0
	for _, batch := range order.Batches(0) {
		s.Train.Gather(batch, x, y)
		examples += len(batch)
	}
	fmt.Println(order.StepsPerEpoch(), "steps show", examples, "examples")
	// Output:
	// 1257 train, 180 validation, 360 test
	// random:0.2 forgets 251
	// 20 steps show 1257 examples
}

func ExampleForgetSet_Split() {
	forget, err := data.ForgetPositions(6, []int{4, 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	retain, drop := forget.Split([]int{5, 4, 0, 1}, nil, nil)
	fmt.Println("retain", retain, "forget", drop)
	// Output: retain [5 0] forget [4 1]
}

func ExampleForgetPositions_unknown() {
	_, err := data.ForgetPositions(6, []int{4, 6})
	fmt.Println(err)
	// Output: data: forget set: position 6 is not in the training set of 6 examples; positions run from 0 to 5
}

// An id names the same example in every part of the data.
func ExampleForgetByID() {
	all := &data.Dataset{
		Name: "patients", Shape: []int{1}, Classes: 2,
		X:    []float32{5, 6, 7, 8},
		Y:    []int32{0, 1, 0, 1},
		Keys: []string{"p-1", "p-2", "p-3", "p-4"},
	}
	part := all.Subset([]int{3, 1})
	forget, err := data.ForgetByID(part, "p-2")
	fmt.Println(forget.Positions(), err)
	_, err = data.ForgetByID(part, "P4")
	fmt.Println(err)
	// Output:
	// [1] <nil>
	// data: forget set: id "P4" is not among the 2 examples of "patients"; did you mean "p-4"?
}

// A user's own data is a literal, checked once.
func ExampleDataset_Validate() {
	ds := &data.Dataset{
		Name: "mine", Shape: []int{2}, Classes: 2,
		X: []float32{0, 1, 1, 0, 1, 1},
		Y: []int32{0, 1, 2},
	}
	fmt.Println(ds.Validate())
	// Output: data: "mine": example 2: label 2 with 2 classes; correct the label or set Classes
}

func ExampleOrder() {
	order := data.Order{Seed: 1, N: 10, Batch: 4}
	for t, batch := range order.Batches(3) {
		fmt.Println(t, len(batch))
	}
	// Output:
	// 9 4
	// 10 4
	// 11 2
}
