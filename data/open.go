package data

import (
	"context"
	"fmt"
)

// Open opens data by one line of text, see [ParseSpec]:
//
//	mnist                                     a known set, from the folder that Load looks in
//	mnist:DIR                                 the same from another folder
//	csv:patients.csv?label=outcome&id=patient a table, with the column to learn and the owner's ids
//	images:DIR                                images in a folder for each class
//	npz:FILE?x=features&y=labels              arrays
//
// The kinds and their options:
//
//	digits, mnist, fashion-mnist, cifar10     known sets, see Load
//	csv, tsv         tables with a column for each value, see [OpenTable]:
//	                 label, id, drop, categorical, missing, na, header, sep,
//	                 encode, unseen, standardize, repeats, test, validation, seed
//	libsvm           index:value pairs: standardize, test, validation, seed
//
// [Register] adds more. Paths of files may be plain, .gz or .zst. What is wrong
// is an error that says where and what to do; a file is used whole or not at
// all.
func Open(ctx context.Context, spec string) (*Splits, error) {
	s, err := ParseSpec(spec)
	if err != nil {
		return nil, err
	}
	open := opener(s.Kind)
	if open == nil {
		return nil, unknownKind(spec, s.Kind)
	}
	splits, err := open(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := splits.Validate(); err != nil {
		return nil, fmt.Errorf("data: %s: %w", s.name(), err)
	}
	return splits, nil
}
