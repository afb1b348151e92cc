// Package images reads image classification data: PNG and JPEG files in a folder
// for each class, in a directory, a zip or a tar.
//
//	train/cat/1.png   train/dog/7.jpg   test/cat/9.png     parts and classes
//	cat/1.png         dog/7.jpg                            classes alone
//
// [List] finds the files without opening them, [Set.Decode] decodes them on all
// cores into rows of [C, H, W], red first, in [0, 1]. Classes are numbered in the
// order of their names. Transparent pixels are as on black, samples of 16 bits
// lose the lower eight.
//
// Sizes are checked before an image is decoded, and memory follows the bytes of
// the files. Most users read images by data.Open.
package images
