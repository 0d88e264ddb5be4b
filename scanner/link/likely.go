package link

// LikelyRates orders the usual rates but ours by how likely a scanner that speaks
// at each of them was heard as p, one scan, at ours.
func LikelyRates(p []byte, ours int) []int {
	rates, _ := likelyRates([][]byte{p}, ours)
	return rates
}
