package main

import (
	"fmt"
	"strings"
)

// set is a data set that can be fetched.
type set struct {
	name    string
	page    string // where it is described
	licence string
	cite    string
	files   []file
}

// file is one file of a set. One of the checksums is there; by says whose it is.
type file struct {
	name   string
	url    string
	size   int64
	md5    string
	sha256 string
	by     string
}

// catalog are the sets, in the order of -list.
func catalog() []set {
	const (
		uci     = "https://archive.ics.uci.edu/ml/machine-learning-databases/"
		mnist   = "https://ossci-datasets.s3.amazonaws.com/mnist/"
		fashion = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
		toronto = "https://www.cs.toronto.edu/~kriz/"
		noSums  = "as public loaders pin it; the UCI repository publishes none"
	)
	idx := func(base, by string, sizes [4]int64, sums [4]string) []file {
		var files []file
		for k, name := range []string{"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"} {
			files = append(files, file{name: name, url: base + name, size: sizes[k], md5: sums[k], by: by})
		}
		return files
	}
	return []set{
		{"mnist", "http://yann.lecun.com/exdb/mnist/", "CC BY-SA 3.0", "LeCun, Cortes and Burges, 1998",
			idx(mnist, "torchvision, whose mirror this is", [4]int64{9912422, 28881, 1648877, 4542},
				[4]string{"f68b3c2dcbeaaa9fbdd348bbdeb94873", "d53e105ee54ea40749a09fcbcd1e9432", "9fb629c4189551a2d022fa330f9573f3", "ec29112dd5afa0611ce80d1b7f02629c"})},
		{"fashion-mnist", "https://github.com/zalandoresearch/fashion-mnist", "MIT", "Xiao, Rasul and Vollgraf, 2017",
			idx(fashion, "the authors' README", [4]int64{26421880, 29515, 4422102, 5148},
				[4]string{"8d4fb7e6c68d591d4c3dfef9ec88bf0d", "25c81989df183df01b3e8a0aad5dffbe", "bef4ecab320f06d8554ea6380940ec79", "bb300cfdad3c16e7a12a480ee83cd310"})},
		{"cifar10", toronto + "cifar.html", "none stated; cite the report", "Krizhevsky, 2009",
			[]file{{"cifar-10-binary.tar.gz", toronto + "cifar-10-binary.tar.gz", 170052171, "c32a1d4ab5d03f1284b67883e8d87530", "", "the author's page"}}},
		{"cifar100", toronto + "cifar.html", "none stated; cite the report", "Krizhevsky, 2009",
			[]file{{"cifar-100-binary.tar.gz", toronto + "cifar-100-binary.tar.gz", 168513733, "03b5dce01913d631647c71ecec9e9cb8", "", "the author's page"}}},
		{"covtype", "https://archive.ics.uci.edu/dataset/31/covertype", "CC BY 4.0", "Blackard and Dean, 1999",
			[]file{{"covtype.data.gz", "https://ndownloader.figshare.com/files/5976039", 11240707, "", "614360d0257557dd1792834a85a1cdebfadc3c4f30b011d56afee7ffb5b15771", "scikit-learn, whose mirror this is"}}},
		{"higgs", "https://archive.ics.uci.edu/dataset/280/higgs", "CC BY 4.0", "Baldi, Sadowski and Whiteson, 2014",
			[]file{{"HIGGS.csv.gz", uci + "00280/HIGGS.csv.gz", 2816407858, "", "ea302c18164d4e3d916a1e2e83a9a8d07069fa6ebc7771e4c0540d54e593b698", noSums}}},
		{"adult", "https://archive.ics.uci.edu/dataset/2/adult", "CC BY 4.0", "Becker and Kohavi, 1996",
			[]file{
				{"adult.data", uci + "adult/adult.data", 3974305, "", "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d", noSums},
				{"adult.test", uci + "adult/adult.test", 2003153, "", "a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05", noSums},
			}},
	}
}

// byName returns a set of the catalog.
func byName(sets []set, name string) (set, error) {
	var names []string
	for _, s := range sets {
		if s.name == name {
			return s, nil
		}
		names = append(names, s.name)
	}
	return set{}, fmt.Errorf("no data set %q to fetch; there are %s", name, strings.Join(names, ", "))
}
