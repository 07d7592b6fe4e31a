//go:build !unix

package embedded

import "io/fs"

// isOurs has nothing to ask: on Windows, the folders for caches and for temporary files are each user's own.
func isOurs(fs.FileInfo) bool { return true }
