// Package bundle turns what a listing shows into the archive that Astro takes. Every object is in, left out by a
// named rule, or the reason why the run is rejected (Plan); contents are gathered at places known from the listing,
// so that memory is bounded by what is in flight (Spool); and a bundle is told from another by what it holds, never
// by its bytes (Manifest).
package bundle
