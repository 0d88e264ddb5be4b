package gs1

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// found by code, AI and place; the sentence must hold the words.
type complaint struct{ code, ai, words string }

func TestWhatDoesNotBelongTogetherIsReported(t *testing.T) {
	item := "(01)" + gtin
	serial := item + "(21)A"
	for label, want := range map[string][]complaint{
		item:                                nil,
		item + "(10)A(17)270131":            nil,
		"(00)" + sscc:                       nil,
		item + "(10)A(10)A":                 nil,
		item + "(10)A(10)B":                 {{Repeated, "10", `"A" and "B"`}},
		item + "(10)A(10)B(10)C":            {{Repeated, "10", `"A" and "B"`}, {Repeated, "10", `"A" and "C"`}},
		"(10)A":                             {{Missing, "10", "(01) or (02) or (03) or (8006) or (8026)"}},
		"(10)A(10)A":                        {{Missing, "10", "(01)"}},
		"(02)" + gtin:                       {{Missing, "02", "(37)"}},
		"(02)" + gtin + "(37)24":            {{Missing, "37", "(00) with (02) or (00) with (8026)"}},
		"(02)" + gtin + "(37)24(00)" + sscc: nil,
		item + "(37)24(02)" + gtin + "(00)" + sscc:                 {{Excluded, "37", "(01)"}, {Excluded, "02", "(01)"}},
		item + "(02)" + gtin + "(37)1(00)" + sscc:                  {{Excluded, "02", "(01)"}, {Excluded, "37", "(01)"}},
		item + "(3102)001000":                                      nil,
		item + "(3102)001000(3103)010000":                          {{Excluded, "3103", "(3102)"}},
		item + "(3102)001000(3102)001000":                          nil,
		item + "(3925)12599":                                       {{Missing, "3925", "(01) with (30) or (01) with (31nn)"}},
		item + "(3925)12599(30)3":                                  nil,
		item + "(3925)12599(3105)000100":                           nil,
		item + "(3925)12599(3575)000100":                           nil,
		item + "(3920)1(3930)9781(30)1":                            {{Excluded, "3930", "(3920)"}},
		item + "(250)X":                                            {{Missing, "250", "(01) with (21)"}},
		serial + "(250)X":                                          nil,
		serial + "(235)X":                                          {{Excluded, "235", "(21)"}},
		"(8018)106141411234567897(7250)20000229(7251)200002291200": {{Excluded, "7251", "(7250)"}},
		"(8017)106141411234567897(8018)106141411234567897":         {{Excluded, "8018", "(8017)"}},
		"(00)" + sscc + "(4302)A(4303)B":                           nil,
		"(00)" + sscc + "(4303)B":                                  {{Missing, "4303", "(4302)"}},
		"(00)" + sscc + "(8030)QUJD":                               nil,
		item + "(8030)QUJD":                                        {{Missing, "8030", "(01) with (21)"}},
		serial + "(8030)QUJD":                                      nil,
		"(253)1231231231232(8030)QUJD":                             {{Unserialised, "253", "(8030)"}},
		"(253)1231231231232X(8030)QUJD":                            nil,
		"(253)1231231231232":                                       nil,
		"(255)1231231231232(8030)QUJD":                             {{Unserialised, "255", "(8030)"}},
		"(255)12312312312320(8030)QUJD":                            nil,
		"(8003)01231231231232(8030)QUJD":                           {{Unserialised, "8003", "(8030)"}},
		"(8003)01231231231232X(8030)QUJD":                          nil,
		"(8006)" + gtin + "0102(8030)QUJD":                         {{Missing, "8030", "(8006) with (21)"}},
		"(8010)1234(8030)QUJD":                                     {{Missing, "8030", "(8010) with (8011)"}},
		"(8010)1234(8011)1(8030)QUJD":                              nil,
		"(90)A(99)B":                                               nil,
	} {
		elements, err := Written(nil, label)
		require.Nil(t, err, "%s: %v", label, err)
		got := Check(elements)
		if !assert.Len(t, got, len(want), "%s: %v", label, got) {
			continue
		}
		for i, w := range want {
			assert.Equal(t, w.code, got[i].Code, label)
			assert.Equal(t, w.ai, got[i].AI, label)
			assert.ErrorContains(t, &got[i], w.words, label)
			assert.True(t, strings.HasPrefix(label[got[i].At:], "("+w.ai+")"), "%s at %d", label, got[i].At)
		}
	}
}

// Each association of the whole table is broken and kept once.
func TestEveryAssociationOfTheTableIsKept(t *testing.T) {
	one := func(pattern string) string { return strings.ReplaceAll(pattern, "n", "0") }
	for i := range known.specs {
		s := &known.specs[i]
		alone := []Element{{AI: s.ai, Value: strings.Repeat("0", s.max)}}
		assert.Equal(t, len(s.required) > 0, has(Check(alone), Missing, s.ai), s.ai)
		for _, all := range s.required {
			label := alone
			for _, pattern := range all {
				assert.True(t, has(Check(label), Missing, s.ai), "(%s) before (%s)", s.ai, pattern)
				label = append(label, Element{AI: one(pattern)})
			}
			assert.False(t, has(Check(label), Missing, s.ai), "(%s) with %v", s.ai, all)
		}
		for _, pattern := range s.excluded {
			other := one(pattern)
			if other == s.ai {
				other = other[:3] + "1"
			}
			errs := Check(append(alone, Element{AI: other}))
			assert.True(t, has(errs, Excluded, s.ai) || has(errs, Excluded, other), "(%s) with (%s)", s.ai, other)
		}
	}
}

func has(errs []Error, code, ai string) bool {
	for _, e := range errs {
		if e.Code == code && e.AI == ai {
			return true
		}
	}
	return false
}

func TestAIThatIsNotAssignedIsReported(t *testing.T) {
	elements, err := Link(nil, "https://id.gs1.org/01/"+gtin+"?99=XYZ&89=ABC")
	require.Nil(t, err)
	assert.Equal(t, []Element{{"01", gtin, 19}, {"99", "XYZ", 37}, {"89", "ABC", 44}}, elements)
	got := Check(elements)
	require.Len(t, got, 1)
	assert.Equal(t, Unassigned, got[0].Code)
	assert.Equal(t, 44, got[0].At)
}
