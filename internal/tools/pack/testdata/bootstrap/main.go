// A function that says its version, for the tests of pack.
package main

var version = "dev"

func main() { print(version) }
