package gs1

import "dockfill/allocation"

var (
	checkDigit = &rule{"csum", checkMod10}
	checkPair  = &rule{"csumalpha", checkMod1021}
	// prefixFirst and prefixSecond want a company prefix at the first or second
	// character; before the latter stands an indicator or extension digit.
	prefixFirst  = &rule{"gcppos1", checkPrefix}
	prefixSecond = &rule{"gcppos2", checkPrefixSecond}
)

func checkMod10(value string) fault {
	last := len(value) - 1
	if want, _ := allocation.CheckDigit(value[:last]); want != value[last] {
		return found(CheckDigit, last, "the check digit is %c, but %c is expected; "+
			"the label is misread or misprinted", value[last], want)
	}
	return fault{}
}

// shortestPrefix is the least length of a GS1 company prefix.
const shortestPrefix = 4

func checkPrefix(value string) fault {
	for i := range shortestPrefix {
		switch {
		case i == len(value):
			return found(CompanyPrefix, i, "a company prefix of at least %d digits is needed first", shortestPrefix)
		case !isDigit(value[i]):
			return found(CompanyPrefix, i, "%q stands in the company prefix, which has digits only", value[i])
		}
	}
	return fault{}
}

func checkPrefixSecond(value string) fault {
	f := checkPrefix(value[1:])
	if f.code != "" {
		f.at++
	}
	return f
}

// The alphanumeric check characters (General Specifications, 7.9): each
// character has its place in set 82 as its value, and weighs a prime that grows
// from right to left. The sum modulo 1021 is written as two characters of 32.
const (
	places82   = `!"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz`
	places32   = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
	pairLength = 2
)

// value82 gives each byte's place in set 82.
var value82 = func() (t [256]int) {
	for i := range len(places82) {
		t[places82[i]] = i
	}
	return t
}()

// primes weigh the characters before the pair, the last one first. No value
// with such a pair is longer than 25.
var primes = [...]int{2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83}

func checkMod1021(value string) fault {
	body := len(value) - pairLength
	if body < 0 {
		return found(CheckPair, len(value), "the two check characters are missing")
	}
	sum := 0
	for i := range body {
		sum += value82[value[i]] * primes[body-1-i]
	}
	sum %= 1021
	if high, low := places32[sum>>5], places32[sum&31]; value[body] != high || value[body+1] != low {
		return found(CheckPair, body, "the check characters are %s, but %c%c are expected; "+
			"the label is misread or misprinted", value[body:], high, low)
	}
	return fault{}
}
