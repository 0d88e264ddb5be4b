package gs1

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The generator makes values from what the standard asks for, with arithmetic
// of its own: sums by hand, lists by example. It never asks the rules.

// good makes a component that keeps its rules.
func (c component) good(r *rand.Rand) string {
	n := c.Min + r.IntN(c.Max-c.Min+1)
	switch {
	case slices.Contains(c.Rules, "csumalpha"):
		return pair(fmt.Sprintf("%04d", r.IntN(10000)) + "a" + random(r, printed82, r.IntN(c.Max-7+1)))
	case slices.Contains(c.Rules, "csum"):
		return mod10(random(r, "0123456789", n-1))
	case slices.Contains(c.Rules, "gcppos1"):
		return fmt.Sprintf("%04d", r.IntN(10000)) + random(r, c.members(), r.IntN(c.Max-4+1))
	}
	if len(c.Rules) == 0 {
		return random(r, c.members(), n)
	}
	return c.byRule(r)
}

func (c component) byRule(r *rand.Rand) string {
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	date := fmt.Sprintf("%02d%02d%02d", r.IntN(100), 1+r.IntN(12), 1+r.IntN(28))
	switch c.Rules[0] {
	case "yymmdd":
		return date
	case "yymmd0":
		return pick(date, date[:4]+"00")
	case "yyyymmdd":
		return pick("19", "20") + date
	case "hhmi":
		return fmt.Sprintf("%02d%02d", r.IntN(24), r.IntN(60))
	case "hh":
		return fmt.Sprintf("%02d", r.IntN(24))
	case "mi", "ss":
		return fmt.Sprintf("%02d", r.IntN(60))
	case "iso3166", "iso3166999":
		return pick("040", "056", "124", "276", "380", "724", "756", "840")
	case "iso3166alpha2":
		return pick("AT", "BE", "CA", "DE", "IT", "ES", "CH", "US")
	case "iso4217":
		return pick("036", "124", "756", "826", "840", "978")
	case "iso5218":
		return pick("0", "1", "2", "9")
	case "iban":
		return pick("DE91100000000123456789", "BE71096123456769", "GB98MIDL07009312345678")
	case "couponcode":
		return pick("012345612345611110123", "0123456123456111101233270131", "01234561234561111012396291")
	case "couponposoffer":
		return pick("001234561234560123456", "0012345612345611234567")
	case "pcenc":
		return pick("Main%20Street", "A", "%C3%84")
	case "pieceoftotal":
		return fmt.Sprintf("%02d%02d", 1+r.IntN(9), 9+r.IntN(90))
	case "packagetype":
		return pick("201", "PX", "APE", "8")
	case "mediatype":
		return pick("01", "10", "80", "99")
	case "latitude", "longitude":
		return fmt.Sprintf("%010d", r.IntN(1_800_000_001))
	case "posinseqslash":
		return pick("1/1", "2/3", "1/9")
	case "winding":
		return pick("0", "1", "9")
	case "importeridx":
		return pick("-", "0", "z", "_")
	case "nonzero":
		return fmt.Sprintf("%0*d", c.Max, 1+r.IntN(9))
	case "zero":
		return "0"
	case "nozeroprefix":
		return strconv.Itoa(1 + r.IntN(99999))
	case "hyphen":
		return "-"
	case "yesno":
		return pick("0", "1")
	}
	panic("no generator for " + c.Rules[0])
}

func (c component) members() string {
	return map[byte]string{'N': "0123456789", 'X': printed82, 'Y': printed39, 'Z': printed64}[c.Set]
}

func random(r *rand.Rand, members string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = members[r.IntN(len(members))]
	}
	return string(b)
}

// mod10 adds the check digit: every second digit from the right counts three
// times.
func mod10(body string) string {
	for d := range 10 {
		sum := d
		for i := range body {
			sum += int(body[i]-'0') * (1 + 2*((len(body)-i)%2))
		}
		if sum%10 == 0 {
			return body + strconv.Itoa(d)
		}
	}
	panic("unreachable")
}

// pair adds the two check characters, with primes found by trial.
func pair(body string) string {
	sum, prime := 0, 1
	for i := len(body) - 1; i >= 0; i-- {
		for prime++; !isPrime(prime); prime++ {
		}
		sum += strings.IndexByte(printed82, body[i]) * prime
	}
	const thirtyTwo = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
	return body + string(thirtyTwo[sum%1021/32]) + string(thirtyTwo[sum%1021%32])
}

func isPrime(n int) bool {
	for d := 2; d*d <= n; d++ {
		if n%d == 0 {
			return false
		}
	}
	return true
}

// goodValue makes a whole value and gives where its components begin.
func (s *spec) goodValue(r *rand.Rand) (value string, starts []int) {
	for i, c := range s.components() {
		if c.Optional && r.IntN(2) == 0 {
			break
		}
		if c.Max > c.Min && i < len(s.parts)-1 {
			panic("a component in the middle varies")
		}
		starts = append(starts, len(value))
		value += c.good(r)
	}
	return value, starts
}

func TestEveryAIReadsWhatTheStandardAllows(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range known.specs {
		s := &known.specs[i]
		for range 20 {
			value, _ := s.goodValue(r)
			got, err := Read(nil, s.ai+value)
			if assert.Nil(t, err, "(%s)%s: %v", s.ai, value, err) {
				assert.Equal(t, []Element{{AI: s.ai, Value: value}}, got)
			}
			written, err := Written(nil, "("+s.ai+")"+strings.ReplaceAll(value, "(", `\(`))
			if assert.Nil(t, err, "(%s)%s: %v", s.ai, value, err) {
				assert.Equal(t, value, written[0].Value)
			}
		}
	}
}

func TestEveryAIRefusesWhatIsTooShortOrTooLong(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for i := range known.specs {
		s := &known.specs[i]
		value, _ := s.goodValue(r)
		short := value[:s.min-1]
		_, err := Read(nil, s.ai+short)
		if assert.NotNil(t, err, "(%s)%s", s.ai, short) {
			assert.Equal(t, []any{Length, s.ai, len(s.ai) + len(short)}, []any{err.Code, err.AI, err.At}, "(%s)%s: %v", s.ai, short, err)
		}
		long := value + strings.Repeat("1", s.max+1-len(value))
		_, err = Written(nil, "("+s.ai+")"+strings.ReplaceAll(long, "(", `\(`))
		if assert.NotNil(t, err, "(%s)%s", s.ai, long) {
			assert.Equal(t, Length, err.Code, "(%s)%s: %v", s.ai, long, err)
		}
		if !s.bounded {
			_, err = Read(nil, "\x1d"+s.ai+long+"\x1d10A")
			if assert.NotNil(t, err, "(%s)%s", s.ai, long) {
				assert.Equal(t, []any{LostGS, s.ai, 1 + len(s.ai) + s.max}, []any{err.Code, err.AI, err.At}, "(%s)%s: %v", s.ai, long, err)
			}
		}
	}
}

// strangers are characters outside each set, by the letter of the set.
var strangers = map[byte]string{'N': "xO-\x00\xff", 'X': "#$@[^ ~\x00\xe4", 'Y': "a_!^", 'Z': "+/!^"}

func TestEveryAIRefusesStrangeCharactersAtTheirPlace(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for i := range known.specs {
		s := &known.specs[i]
		value, starts := s.goodValue(r)
		for j, start := range starts {
			for _, stranger := range []byte(strangers[s.parts[j].set.letter()]) {
				bad := []byte(value)
				bad[start] = stranger
				got, err := Read(nil, "\x1d"+s.ai+string(bad))
				if assert.NotNil(t, err, "(%s)%s", s.ai, bad) {
					assert.Equal(t, []any{Character, s.ai, 1 + len(s.ai) + start}, []any{err.Code, err.AI, err.At}, "(%s)%s: %v", s.ai, bad, err)
					assert.Contains(t, err.Message, "("+s.ai+")")
					assert.Empty(t, got)
				}
			}
		}
	}
}

// Each rule of each component is broken in turn, the rest of the value kept.
func TestEveryAIKeepsTheRulesOfItsComponents(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	broken := map[string]int{}
	for i := range known.specs {
		s := &known.specs[i]
		for j, c := range s.components() {
			for _, name := range c.Rules {
				for _, bad := range cases[name].bad {
					if len(bad.value) < c.Min || len(bad.value) > c.Max || bad.code == Character {
						continue
					}
					value, starts := s.goodValue(r)
					for len(starts) <= j {
						value, starts = s.goodValue(r)
					}
					_, err := Read(nil, s.ai+value[:starts[j]]+bad.value)
					if assert.NotNil(t, err, "(%s)%s%s", s.ai, value[:starts[j]], bad.value) && err.Code == bad.code {
						assert.Equal(t, len(s.ai)+starts[j]+bad.at, err.At, "(%s)%s%s", s.ai, value[:starts[j]], bad.value)
						broken[s.ai+" "+name]++
					}
				}
			}
		}
	}
	for i := range known.specs {
		for _, c := range known.specs[i].components() {
			for _, name := range c.Rules {
				assert.True(t, broken[known.specs[i].ai+" "+name] > 0 || generatedApart[name], "(%s) %s was never broken", known.specs[i].ai, name)
			}
		}
	}
}

// generatedApart are rules whose bad examples have no fitting length for each
// AI; the next test breaks them.
var generatedApart = map[string]bool{"csum": true, "csumalpha": true, "gcppos1": true, "gcppos2": true, "nonzero": true, "hasnondigit": true}

func TestEveryKeyRefusesAWrongCheckOrPrefix(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	refuse := func(s *spec, value, code string, at int) {
		t.Helper()
		_, err := Read(nil, s.ai+value)
		if assert.NotNil(t, err, "(%s)%s", s.ai, value) {
			assert.Equal(t, []any{code, len(s.ai) + at}, []any{err.Code, err.At}, "(%s)%s: %v", s.ai, value, err)
		}
	}
	for i := range known.specs {
		s := &known.specs[i]
		at := 0
		for _, c := range s.components() {
			value, _ := s.goodValue(r)
			for _, name := range c.Rules {
				switch bad := []byte(value); {
				case name == "csum":
					bad[at+c.Max-1] = '0' + (bad[at+c.Max-1]-'0'+5)%10
					refuse(s, string(bad), CheckDigit, at+c.Max-1)
				case name == "csumalpha":
					bad[len(bad)-1] ^= 1
					if strings.IndexByte(printed82, bad[len(bad)-1]) < 0 {
						bad[len(bad)-1] = '0'
					}
					refuse(s, string(bad), CheckPair, len(bad)-2)
				case name == "gcppos1" && slices.Contains(c.Rules, "csumalpha"):
					refuse(s, pair("123A5678b"), CompanyPrefix, 3)
				case name == "gcppos1" && c.Set != 'N':
					refuse(s, "123A5678", CompanyPrefix, 3)
					refuse(s, "123", CompanyPrefix, 3)
				case name == "nonzero":
					copy(bad[at:], strings.Repeat("0", c.Max))
					refuse(s, string(bad), Zero, at)
				case name == "hasnondigit":
					refuse(s, allDigitPair(), NonDigit, 0)
				}
			}
			at += c.Max
		}
	}
}

// allDigitPair finds a number whose check characters are digits too.
func allDigitPair() string {
	for n := 1000; ; n++ {
		if v := pair(strconv.Itoa(n)); allDigits(v) {
			return v
		}
	}
}
