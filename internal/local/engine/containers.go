package engine

import (
	"os"
	"path/filepath"
	"testing"
)

// containers are the settings of podman and buildah. vfs and chroot need nothing of the kernel that a container
// which tests run in would not have.
func containers(t testing.TB) []string {
	t.Helper()
	dir := t.TempDir()
	Write(t, dir, "storage.conf", "[storage]\ndriver = \"vfs\"\ngraphroot = \""+dir+"/images\"\nrunroot = \""+dir+"/run\"\n")
	Write(t, dir, "containers.conf", "[engine]\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"\ntmp_dir = \""+dir+"/tmp\"\n")
	Write(t, dir, "registries.conf", "")
	settings := filepath.Join(dir, ".config", "containers") // where users have them
	if err := os.MkdirAll(settings, 0o700); err != nil {
		t.Fatalf("make a folder for settings: %v", err)
	}
	Write(t, settings, "policy.json", `{"default": [{"type": "insecureAcceptAnything"}]}`)
	return []string{
		"HOME=" + dir, "CONTAINERS_STORAGE_CONF=" + filepath.Join(dir, "storage.conf"), "CONTAINERS_CONF=" + filepath.Join(dir, "containers.conf"),
		"CONTAINERS_REGISTRIES_CONF=" + filepath.Join(dir, "registries.conf"), "STORAGE_DRIVER=vfs", "BUILDAH_ISOLATION=chroot",
	}
}
