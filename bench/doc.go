package main

func writeDoc(string, string) error { return nil }
