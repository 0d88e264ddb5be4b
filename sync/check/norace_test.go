//go:build !race

package check

const usual = 100
