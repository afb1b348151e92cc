// Package easydub exchanges margins with EasyDUB, the public benchmark of KLOM
// (Rinberg et al., 2025, github.com/easydub/EasyDUB-code): one npy file a model and
// split, with the logit gap of each example.
//
//	forget_sets/cifar10/forget_set_2.npy
//	margins/cifar10/pretrain/{retain,val,forget_2}/resnet9/id_0_epoch_23.npy
//	margins/cifar10/oracle/forget_2/{retain,val,forget}/resnet9/id_0_epoch_23.npy
//
// Models of a method of one's own go where oracles go, under its name for oracle.
//
//	unlearned, n, err := easydub.Layout{}.Read(root, "mini", easydub.Forget, 2, 100)
//	oracles, _, err := easydub.Layout{}.Read(root, easydub.Oracle, easydub.Forget, 2, 100)
//	klom, err := attacks.KLOM{Published: true}.Score(unlearned, oracles, n)
//
// bench/klom does that for all splits.
package easydub
