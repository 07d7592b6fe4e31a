package main

// What AWS charges, by its list prices for us-east-1 on x86 (pages "Amazon S3 pricing" and "AWS Lambda pricing"; the same
// since 2020, when Lambda began to count milliseconds; written down in November 2026). Traffic inside the region is free.
const (
	usdPerGet  = 0.0004 / 1000 // GET, HEAD
	usdPerPut  = 0.005 / 1000  // PUT, LIST
	usdPerGBs  = 0.0000166667  // of a function's memory and time
	usdPerCall = 0.20 / 1e6    // of a function

	// lambdaMemory in MB is what has one vCPU (page "Configure Lambda function memory"), as what is measured has one core.
	lambdaMemory = 1769
)

// usdPer1000 is what a thousand runs cost. Every way is taken to run in a function of lambdaMemory; the two seconds or so
// that a Lambda may spend on starting it are in nobody's figure.
func usdPer1000(wallSeconds float64, t tally) float64 {
	one := usdPerCall + wallSeconds*lambdaMemory/1024*usdPerGBs + float64(t.Get+t.Head)*usdPerGet + float64(t.List+t.Put+t.Record)*usdPerPut
	return 1000 * one
}
