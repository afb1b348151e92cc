// Package files opens files of data and says in errors where in a file
// something is wrong.
//
// [Open] reads a file that is plain, gzipped or compressed with zstd, told apart
// by its first bytes, as one stream of its content. It takes what other programs
// take: several gzip members after each other, zeros that a tape or a download
// has padded the last one with, and a byte order mark. It refuses what would
// wait or never end, pipes and devices, and what grows out of all proportion.
//
// An [Error] names the file, the line and the column of a text file, or the
// offset in a binary one.
package files
