// Package pytest runs a project's own tests where its DAGs will run: in a container of its image, or by an interpreter of this machine that has
// what the image has. The same places import the DAGs (Importer), for package validator.
//
// It exists apart from package pipeline since tests are run without a deploy, too, and apart from package image since they are run without an
// image. In both places a program of its own (runner.py) does the job: all that it needs comes in by its standard input,
// and its answer comes by its standard output. So nothing is mounted, which an engine on another machine could not do, and nothing
// is in arguments that other users of the machine could read.
package pytest
