package nets

import (
	"errors"
	"fmt"
	"strings"
)

// piece is one layer of a [CNN].
type piece struct {
	kind                byte // 'c', 'm', 'a', 'g' or 'd'
	size                int  // channels, window or units
	kernel, stride, pad int
	groups              int // 0 is no normalisation
}

// Bounds on what a notation may ask for. They keep every product of sizes far
// inside an int; no sensible network comes near them.
const (
	maxPieces = 64
	maxWidth  = 1 << 16 // channels or units
	maxSide   = 255     // of kernels and windows, strides and margins
)

// pieceOptions says which letters may follow the number of a piece.
var pieceOptions = map[byte]string{'c': "kspn", 'm': "s", 'a': "s", 'g': "", 'd': ""}

const pieceKinds = "c (convolution), m (max-pooling), a (average pooling), g (global average) and d (fully connected)"

func pieceError(i int, text, format string, args ...any) error {
	return fmt.Errorf("piece %d, %q: %w; write for example cnn:c16k3p1-m2-c32k3p1-m2-d64", i+1, text, fmt.Errorf(format, args...))
}

func parsePieces(stack string) ([]piece, error) {
	texts := strings.Split(stack, "-")
	if len(texts) > maxPieces {
		return nil, fmt.Errorf("%d pieces are more than %d", len(texts), maxPieces)
	}
	pieces := make([]piece, len(texts))
	for i, text := range texts {
		var err error
		if pieces[i], err = parsePiece(text); err != nil {
			return nil, pieceError(i, text, "%w", err)
		}
	}
	return pieces, nil
}

func parsePiece(text string) (piece, error) {
	if text == "" {
		return piece{}, errors.New("nothing between the dashes")
	}
	p := piece{kind: text[0], stride: 1}
	options, ok := pieceOptions[p.kind]
	if !ok {
		return p, errors.New("unknown kind; there are " + pieceKinds)
	}
	if p.kind == 'g' {
		if text != "g" {
			return p, errors.New("g takes no number")
		}
		return p, nil
	}
	most := maxWidth
	if p.kind == 'm' || p.kind == 'a' {
		most = maxSide
	}
	var err error
	rest := text[1:]
	if p.size, rest, err = number(p.kind, rest, 1, most); err != nil {
		return p, err
	}
	if p.kind == 'c' {
		p.kernel = 3
	} else {
		p.stride = p.size
	}
	for rest != "" {
		letter := rest[0]
		if !strings.ContainsRune(options, rune(letter)) {
			return p, fmt.Errorf("%q is not an option of %c", letter, p.kind)
		}
		options = strings.Replace(options, string(letter), "", 1) // once each
		switch rest = rest[1:]; letter {
		case 'k':
			p.kernel, rest, err = number(letter, rest, 1, maxSide)
		case 's':
			p.stride, rest, err = number(letter, rest, 1, maxSide)
		case 'p':
			p.pad, rest, err = number(letter, rest, 0, maxSide)
		case 'n':
			p.groups, rest, err = number(letter, rest, 1, maxWidth)
		}
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

// number reads the digits that s begins with.
func number(after byte, s string, least, most int) (n int, rest string, err error) {
	i := 0
	for i < len(s) && '0' <= s[i] && s[i] <= '9' {
		n = min(10*n+int(s[i]-'0'), most+1)
		i++
	}
	if i == 0 || n < least || n > most {
		return 0, "", fmt.Errorf("after %c comes a number from %d to %d", after, least, most)
	}
	return n, s[i:], nil
}

// String writes the piece without what is understood.
func (p piece) String() string {
	if p.kind == 'g' {
		return "g"
	}
	s := fmt.Sprintf("%c%d", p.kind, p.size)
	option := func(letter byte, n, usual int) {
		if n != usual {
			s += fmt.Sprintf("%c%d", letter, n)
		}
	}
	switch p.kind {
	case 'c':
		option('k', p.kernel, 3)
		option('s', p.stride, 1)
		option('p', p.pad, 0)
		option('n', p.groups, 0)
	case 'm', 'a':
		option('s', p.stride, p.size)
	}
	return s
}

// output returns the shape that the piece makes of one example of shape in:
// channels, height and width, or units alone.
func (p piece) output(in []int) ([]int, error) {
	if p.kind == 'd' {
		return []int{p.size}, nil
	}
	if len(in) != 3 {
		return nil, errors.New("it needs an image, but the piece before it leaves none; move it before g and d")
	}
	c, h, w := in[0], in[1], in[2]
	side := p.size
	switch p.kind {
	case 'g':
		return in[:1], nil
	case 'c':
		c, h, w, side = p.size, h+2*p.pad, w+2*p.pad, p.kernel
		if p.groups > 0 && c%p.groups != 0 {
			return nil, fmt.Errorf("%d channels do not form %d groups of equal size", c, p.groups)
		}
		if p.pad >= side {
			return nil, fmt.Errorf("a margin of %d around kernels of %d×%d makes windows of nothing but zeros", p.pad, side, side)
		}
	}
	if h < side || w < side {
		return nil, fmt.Errorf("the image has shrunk to %d×%d, smaller than %d×%d", h, w, side, side)
	}
	return []int{c, (h-side)/p.stride + 1, (w-side)/p.stride + 1}, nil
}
