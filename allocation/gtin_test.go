package allocation

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestGTINOfEveryLengthBecomesFourteenDigits(t *testing.T) {
	for in, want := range map[string]GTIN{
		"96385074":       "00000096385074",
		"036000291452":   "00036000291452",
		"4006381333931":  "04006381333931",
		"15400141288763": "15400141288763",
	} {
		got, err := ParseGTIN(in)
		require.NoError(t, err, in)
		assert.Equal(t, want, got)
	}
}

func TestWrongKeySaysWhatWasExpected(t *testing.T) {
	for in, want := range map[string]string{
		"4006381333932": "check digit 2, but 1 is expected",
		"400638133393A": "'A' at position 13",
		"40063813339A1": "'A' at position 12",
		"400638133":     "9 characters; 8, 12, 13 or 14",
		"":              "0 characters",
	} {
		_, err := ParseGTIN(in)
		assert.ErrorContains(t, err, want, in)
	}
	_, err := ParseSSCC("106141411234567898")
	assert.ErrorContains(t, err, "check digit 8, but 7 is expected")
	_, err = ParseSSCC("34012345000000001")
	assert.ErrorContains(t, err, "18 digits are expected")
}

func TestSSCCIsTakenAsItIs(t *testing.T) {
	got, err := ParseSSCC("106141411234567897")
	require.NoError(t, err)
	assert.Equal(t, SSCC("106141411234567897"), got)
}

// One misread digit is the fault that a check digit is there for.
func TestOneWrongDigitIsAlwaysFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.StringMatching(`[0-9]{13}`).Draw(t, "body")
		digit, ok := CheckDigit(body)
		require.True(t, ok)
		good := body + string(digit)
		at := rapid.IntRange(0, 13).Draw(t, "at")
		other := byte('0' + (int(good[at]-'0')+rapid.IntRange(1, 9).Draw(t, "step"))%10)
		_, err := ParseGTIN(good)
		require.NoError(t, err)
		_, err = ParseGTIN(good[:at] + string(other) + good[at+1:])
		require.Error(t, err)
	})
}

func TestShortGTINKeepsItsCheckDigit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{7, 11, 12}).Draw(t, "n")
		body := strings.Repeat("0", 13-n) + rapid.StringMatching(`[0-9]{12}`).Draw(t, "body")[:n]
		digit, _ := CheckDigit(body)
		got, err := ParseGTIN(body[13-n:] + string(digit))
		require.NoError(t, err)
		assert.Equal(t, GTIN(body+string(digit)), got)
	})
}
