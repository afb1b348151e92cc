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
//	digits, mnist, fashion-mnist, cifar10, cifar100: known sets, see Load
//	covtype, higgs, adult: known tables; test=…  validation=SHARE  seed=NUMBER  standardize=yes|no
//	covtype-like, higgs-like: made tables, see package synthetic; n=ROWS  seed=NUMBER
//	csv, tsv: tables, see OpenTable
//	    label=COLUMN  id=COLUMN  drop=COLUMN,…  categorical=COLUMN,…
//	    missing=error|drop|mean|median|zero  na=TEXT,…  header=auto|yes|no  sep=CHARACTER  comment=CHARACTER
//	    encode=onehot|codes  unseen=error|zero  standardize=yes|no  repeats=no|yes
//	libsvm: a label and index:value pairs a line; standardize=yes|no
//	images: PNG and JPEG in class folders, a directory, zip or tar, see OpenImages
//	    size=HEIGHTxWIDTH  channels=auto|1|3  standardize=no|yes
//	npz, safetensors: x=NAME  y=NAME  id=NAME  x_test=NAME  y_test=NAME  id_test=NAME, and
//	npy: the features; y=FILE, and so on; for all three
//	    scale=NUMBER  layout=chw|hwc  transpose=no|yes  standardize=no|yes
//	idx: labels=FILE  test-images=FILE  test-labels=FILE, and as npz; EMNIST needs transpose=yes
//
// Where the data do not say what tests, test=SHARE does (0.2), validation=SHARE
// (0) is for methods, and seed=NUMBER (1) chooses, stratified by class; see
// Split. test=last:COUNT takes the last rows, and of a table test=FILE another
// file.
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
