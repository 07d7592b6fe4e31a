// Package image takes a project's Dockerfile to a registry: it has docker, podman or buildah build the image for the
// platform that Astro runs, looks whether Astro will take it, and pushes it.
//
// It exists apart from package pipeline since it is the only one that runs builders and speaks to registries. The
// functions do neither, and never import it.
package image
