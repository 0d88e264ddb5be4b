// Package sim drives the product's own programs through simulated months: agents with
// their stores, the centre's ingest with its store, and between them a broker with every
// sin. Time is virtual (testing/synctest), chance comes from one seed, and an oracle that
// hears only scanners, logs and tables says whether a promise was broken.
//
// A run is a row of houses. A house is a centre and one to twenty sites for a few days,
// with its own mix of faults; at each heal everything must agree, and at its end every
// site's decisions are played again. One processor runs it, so that a seed plays the same
// history each time.
package sim
