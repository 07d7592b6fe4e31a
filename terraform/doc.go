// Package terraform holds the modules and examples, and tests of what Terraform itself cannot see: that they agree with
// the program that they install. The tests read the modules' text; make tf lets them read the results of terraform test
// too, and says where by DAGFERRY_TF.
package terraform
