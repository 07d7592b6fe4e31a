// Package sim proves the protocol on the real code: it runs the real syncer, state and Astro client of many workers
// under a virtual clock, against a store and an Astro that fail before or after they apply a request, answer late or
// not at all, while workers are killed, events are lost, duplicated and late, clocks are wrong, and people do what
// people do. A seed is a schedule, and is replayed exactly. It consists of tests only; see TestSimulation.
package sim
