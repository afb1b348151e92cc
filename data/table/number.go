package table

import (
	"strconv"
	"unsafe"
)

// exactPowers are the powers of ten that a float64 holds exactly.
var exactPowers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// number returns the value of a decimal number such as -12.5e3, and whether b is
// one. Hexadecimal numbers, infinities and NaN are not.
func number(b []byte) (float64, bool) {
	v, next := numberAt(b, 0)
	return v, next == len(b) && next > 0
}

// numberAt reads a number that begins at b[i], and returns its value and where
// it ends, or -1 if there is none.
//
// Up to 2⁵³ and 10²² a number and its power of ten are exact, so that one
// division or product rounds once and gives the nearest float64 (Clinger, "How
// to read floating point numbers accurately", 1990). With up to 19 digits the
// number itself is rounded before, and the result is one unit in the last place
// of a float64 off at most: no float32 made of it tells. The rest goes through
// strconv.ParseFloat.
func numberAt(b []byte, i int) (v float64, next int) {
	start, negative := i, false
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		negative = b[i] == '-'
		i++
	}
	var mantissa uint64
	from := i
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		mantissa = mantissa*10 + uint64(b[i]-'0')
	}
	digits, exponent := i-from, 0
	if i < len(b) && b[i] == '.' {
		i++
		point := i
		for ; i < len(b) && b[i]-'0' <= 9; i++ {
			mantissa = mantissa*10 + uint64(b[i]-'0')
		}
		digits += i - point
		exponent = point - i
	}
	if digits == 0 {
		return 0, -1
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		minus := false
		if i < len(b) && (b[i] == '-' || b[i] == '+') {
			minus = b[i] == '-'
			i++
		}
		power, from := 0, i
		for ; i < len(b) && b[i]-'0' <= 9; i++ {
			power = min(power*10+int(b[i]-'0'), 100_000)
		}
		if i == from {
			return 0, -1
		}
		if minus {
			power = -power
		}
		exponent += power
	}
	// Nineteen digits cannot overflow the mantissa.
	if digits > 19 || exponent < -22 || exponent > 22 {
		v, err := strconv.ParseFloat(unsafe.String(&b[start], i-start), 64)
		if err != nil {
			return 0, -1 // too large for a float64
		}
		return v, i
	}
	v = float64(mantissa)
	if exponent < 0 {
		v /= exactPowers[-exponent]
	} else if exponent > 0 {
		v *= exactPowers[exponent]
	}
	if negative {
		v = -v
	}
	return v, i
}

// integer returns the int that b is the usual notation of: no plus, no leading
// zeros.
func integer(b []byte) (int, bool) {
	digits := b
	if len(b) > 0 && b[0] == '-' {
		digits = b[1:]
	}
	if len(digits) == 0 || len(digits) > 18 || digits[0] == '0' && len(b) > 1 {
		return 0, false
	}
	v := 0
	for _, c := range digits {
		if c-'0' > 9 {
			return 0, false
		}
		v = v*10 + int(c-'0')
	}
	if len(digits) < len(b) {
		v = -v
	}
	return v, true
}
