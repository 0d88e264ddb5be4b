package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const aRun = `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestGood"}
{"Action":"output","Package":"p","Test":"TestGood","Output":"--- PASS: TestGood (0.00s)\n"}
{"Action":"pass","Package":"p","Test":"TestGood"}
{"Action":"run","Package":"p","Test":"TestTable"}
{"Action":"run","Package":"p","Test":"TestTable/a"}
{"Action":"output","Package":"p","Test":"TestTable/a","Output":"    t.go:9: a is wrong\n"}
{"Action":"fail","Package":"p","Test":"TestTable/a"}
{"Action":"run","Package":"p","Test":"TestTable/b"}
{"Action":"pass","Package":"p","Test":"TestTable/b"}
{"Action":"fail","Package":"p","Test":"TestTable"}
{"Action":"run","Package":"p","Test":"TestData"}
{"Action":"output","Package":"p","Test":"TestData","Output":"    t.go:20: the data is absent\n"}
{"Action":"skip","Package":"p","Test":"TestData"}
{"Action":"output","Package":"p","Output":"FAIL\n"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.02s\n"}
{"Action":"fail","Package":"p"}
`

func summary(t *testing.T, events string) (text string, good bool) {
	t.Helper()
	var shown, facts, out strings.Builder
	require.NoError(t, read(strings.NewReader(events), &shown, &facts, false))
	good, err := sum(strings.NewReader(facts.String()), &out)
	require.NoError(t, err)
	return shown.String() + out.String(), good
}

func TestEachTestIsCountedOnceAndNamedWhenItDidNotPass(t *testing.T) {
	text, good := summary(t, aRun)
	assert.False(t, good)
	assert.Contains(t, text, "FAIL\tp\t0.02s\n", "go test's own line stays visible")
	assert.Contains(t, text, "a is wrong")
	assert.Contains(t, text, "FAILED: p TestTable/a\n")
	assert.Contains(t, text, "skipped: p TestData: the data is absent\n")
	assert.True(t, strings.HasSuffix(text, "\n2 passed, 1 failed, 1 skipped\n"), text)
}

func TestAPackageThatDoesNotBuildIsAFailure(t *testing.T) {
	text, good := summary(t, `{"ImportPath":"q","Action":"build-output","Output":"x.go:1:1: syntax error\n"}
{"Action":"output","Package":"q","Output":"FAIL\tq [build failed]\n"}
{"Action":"fail","Package":"q"}
`)
	assert.False(t, good)
	assert.Contains(t, text, "syntax error")
	assert.Contains(t, text, "0 passed, 1 failed, 0 skipped\n")
}

func TestWhatDidNotRunIsNotPassed(t *testing.T) {
	var out strings.Builder
	good, err := sum(strings.NewReader("pass\tgofmt\t\nnotrun\tgovulncheck\tno network\n"), &out)
	require.NoError(t, err)
	assert.True(t, good)
	assert.Equal(t, "not run: govulncheck: no network\n1 passed, 0 failed, 1 skipped\n", out.String())
}

func TestNothingAtAllIsNotGood(t *testing.T) {
	good, err := sum(strings.NewReader(""), &strings.Builder{})
	require.NoError(t, err)
	assert.False(t, good)
}
