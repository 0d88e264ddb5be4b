package main

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// modules are what the guest loads; what they depend on comes along.
var modules = []string{"hid-generic", "uhid", "uinput", "evdev", "dummy_hcd", "cdc-acm", "usb_f_acm", "g_serial", "usbhid", "usb_f_hid"}

// kernel is an unpacked package.
type kernel struct {
	version string
	image   string
	files   map[string]string // module files by their name
}

var packageForm = regexp.MustCompile(`linux-image-[0-9][^ \n]*-amd64`)

// findKernel unpacks the package that the cache holds, or fetches the newest one
// into it. ownKernel names another one.
func findKernel(dir string) (kernel, error) {
	deb := os.Getenv(ownKernel)
	if deb == "" {
		var err error
		if deb, err = fetch(); err != nil {
			return kernel{}, err
		}
	}
	root := filepath.Join(dir, "kernel")
	if out, err := exec.Command("dpkg-deb", "-x", deb, root).CombinedOutput(); err != nil {
		return kernel{}, fmt.Errorf("unpack %s: %w: %s", deb, err, out)
	}
	images, _ := filepath.Glob(filepath.Join(root, "boot", "vmlinuz-*"))
	if len(images) != 1 {
		return kernel{}, fmt.Errorf("%s holds no kernel; name a linux-image package in %s", deb, ownKernel)
	}
	k := kernel{image: images[0], version: strings.TrimPrefix(filepath.Base(images[0]), "vmlinuz-"), files: map[string]string{}}
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if name, _, ok := strings.Cut(filepath.Base(path), ".ko"); ok {
			k.files[plain(name)] = path
		}
		return err
	})
	return k, err
}

// plain is a module's name as the kernel writes it.
func plain(name string) string { return strings.ReplaceAll(name, "-", "_") }

func fetch() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	cache = filepath.Join(cache, "dockfill-vm")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	list, err := exec.Command("apt-cache", "depends", "linux-image-amd64").Output()
	name := packageForm.FindString(string(list))
	if err != nil || name == "" {
		return "", errors.New("apt knows no package linux-image-amd64; run apt-get update, or download Debian's generic kernel for amd64 and name the file in " + ownKernel)
	}
	if held, _ := filepath.Glob(filepath.Join(cache, name+"_*.deb")); len(held) > 0 {
		return held[0], nil
	}
	fmt.Println("downloading", name)
	cmd := exec.Command("apt-get", "download", name)
	cmd.Dir = cache
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("apt-get download %s: %w: %s(name a downloaded package in %s to go without)", name, err, out, ownKernel)
	}
	held, _ := filepath.Glob(filepath.Join(cache, name+"_*.deb"))
	if len(held) == 0 {
		return "", fmt.Errorf("apt-get downloaded no %s", name)
	}
	return held[0], nil
}

// ordered gives the modules in the order of loading, each with its content. What
// is not there as a file is part of the kernel's image.
func (k kernel) ordered() (names []string, contents [][]byte, err error) {
	seen := map[string]bool{}
	var add func(name string) error
	add = func(name string) error {
		name = plain(name)
		path, ok := k.files[name]
		if seen[name] || !ok {
			return nil
		}
		seen[name] = true
		content, err := readModule(path)
		if err != nil {
			return err
		}
		needed, err := dependencies(content)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for _, n := range needed {
			if err := add(n); err != nil {
				return err
			}
		}
		names, contents = append(names, name), append(contents, content)
		return nil
	}
	for _, m := range modules {
		if err := add(m); err != nil {
			return nil, nil, err
		}
	}
	return names, contents, nil
}

func readModule(path string) ([]byte, error) {
	if strings.HasSuffix(path, ".xz") {
		return exec.Command("xz", "-dc", path).Output()
	}
	return os.ReadFile(path)
}

// dependencies reads which modules a module needs, from its own information.
func dependencies(module []byte) ([]string, error) {
	f, err := elf.NewFile(bytes.NewReader(module))
	if err != nil {
		return nil, err
	}
	section := f.Section(".modinfo")
	if section == nil {
		return nil, errors.New("no module")
	}
	info, err := section.Data()
	if err != nil {
		return nil, err
	}
	for _, entry := range strings.Split(string(info), "\x00") {
		if list, ok := strings.CutPrefix(entry, "depends="); ok && list != "" {
			return strings.Split(list, ","), nil
		}
	}
	return nil, nil
}
