package bundle

const (
	// groupFiles is how many files a group has on average. Groups of about 64 DAG files make the archive 3 % larger than one
	// gzip stream, and a changed file costs compressing some 250 kB anew, 2 ms, instead of everything.
	groupFiles = 64
	// largeFile is a file that is a group of its own, in bytes, so that it is not compressed again with every small one
	// beside it: as much as a group of DAG files has.
	largeFile = 256 << 10
)

// group is the files from and up to, not including, to: a part of the archive that is compressed by itself.
type group struct{ from, to int }

// groups cuts files into groups. Where one begins depends on the two files there alone: so a file that comes or goes
// changes its own group, and at most one beside it.
func groups(files []File) []group {
	var all []group
	begin := 0
	for i := 1; i < len(files); i++ {
		if begins(files[i].Path) || files[i].Size >= largeFile || files[i-1].Size >= largeFile {
			all = append(all, group{begin, i})
			begin = i
		}
	}
	if begin < len(files) {
		all = append(all, group{begin, len(files)})
	}
	return all
}

// begins reports whether a path, by its hash (FNV-1a, folded), is one of those that begin a group.
func begins(path string) bool {
	h := uint32(2166136261)
	for i := range len(path) {
		h = (h ^ uint32(path[i])) * 16777619
	}
	return (h^h>>16)%groupFiles == 0
}
