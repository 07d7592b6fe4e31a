// Package validator is the Python program that imports DAG files as Airflow does (dagferry_validator). It exists so that the
// command line carries that program, and can run it by an interpreter that has Airflow; an image gets it by the Dockerfile.
package validator

import "embed"

// Program is the folder dagferry_validator: python dagferry_validator once.
//
//go:embed dagferry_validator/*.py
var Program embed.FS
