package demo

import "fmt"

// The prefix that GS1 keeps for examples: no real goods carry these numbers.
const prefix = "9506000"

// each is the EAN-13 of item n on a single unit.
func each(n int) string { return sealed(fmt.Sprintf("%s1%04d", prefix, 1000+37*n)) }

// carton is the GTIN-14 of a carton of item n: the unit's number behind the
// packaging indicator 1.
func carton(n int) string { return sealed("1" + each(n)[:12]) }

// sscc is the number of pallet n.
func sscc(n int) string { return sealed(fmt.Sprintf("3%s%09d", prefix, 4_200_000+n)) }

// sealed adds the check digit: from the right, every other digit weighs three
// (GS1 General Specifications, 7.9.1).
func sealed(digits string) string {
	sum := 0
	for i := range len(digits) {
		weight := 1
		if (len(digits)-i)%2 == 1 {
			weight = 3
		}
		sum += weight * int(digits[i]-'0')
	}
	return fmt.Sprintf("%s%d", digits, (10-sum%10)%10)
}

// smudged is a code whose check digit is wrong.
func smudged(code string) string {
	last := len(code) - 1
	return fmt.Sprintf("%s%d", code[:last], (int(code[last]-'0')+1)%10)
}
