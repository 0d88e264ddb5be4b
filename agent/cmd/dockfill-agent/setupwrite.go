package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"dockfill/agent/config"
	"dockfill/scanner"
	"dockfill/scanner/source"
)

// write shows the change, asks, keeps the old file and writes the new one.
func (s *setup) write(station string, found scanner.Config) error {
	unstable, err := s.allowUnstable(found)
	if err != nil {
		return err
	}
	settings, err := s.settings(found, unstable)
	if err != nil {
		return err
	}
	text, err := config.SetStation(s.text, station, settings)
	if err != nil {
		return fmt.Errorf("%s cannot be changed: %w", s.configFile(), err)
	}
	would, err := config.Parse(s.configFile(), text)
	if err != nil {
		return fmt.Errorf("the new configuration would have faults, so it is not written:\n%w", err)
	}
	for _, two := range source.Shared(would.Stations) {
		fmt.Fprintln(s.out, "Mind:", two)
	}
	old, err := os.ReadFile(s.configFile())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if bytes.Equal(old, text) {
		fmt.Fprintf(s.out, "%s says this already; nothing is to be written.\n", s.configFile())
		return nil
	}
	fmt.Fprintf(s.out, "\n%s:\n%s\n", s.configFile(), difference(string(old), string(text)))
	if s.DryRun {
		fmt.Fprintln(s.out, "Nothing was written (--dry-run).")
		return nil
	}
	if yes, err := s.ask.yes("Write it?"); err != nil || !yes {
		return errors.Join(err, map[bool]error{true: errDeclined}[err == nil])
	}
	return s.replace(old, text)
}

// allowUnstable asks about a name that may be another device after a replug.
func (s *setup) allowUnstable(found scanner.Config) (bool, error) {
	found.Unstable = false
	_, err := source.New(found)
	if !errors.Is(err, scanner.ErrUnstableName) {
		return false, nil
	}
	fmt.Fprintln(s.out, strings.TrimPrefix(err.Error(), "station setup: "))
	yes, err := s.ask.yes("Use this name all the same?")
	if err == nil && !yes {
		err = errDeclined
	}
	return yes, err
}

// settings are what differs from the profile's own; the other keys that setup
// decides about are taken out.
func (s *setup) settings(c scanner.Config, unstable bool) ([]config.Setting, error) {
	p, err := s.config.Profiles.Find(string(c.Profile))
	if err != nil {
		return nil, err
	}
	set := []config.Setting{{Key: "port", Value: c.Port}, {Key: "unstable"}, {Key: "profile", Value: string(c.Profile)}}
	if unstable || s.isUnstable(c.Port) {
		set[1].Value = true
	}
	baud, end, beep := config.Setting{Key: "baud"}, config.Setting{Key: "terminator"}, config.Setting{Key: "beep"}
	if p.Line == nil || c.Baud != p.Line.Baud {
		baud.Value = c.Baud
	}
	if c.Terminator != "" && (p.Frame == nil || c.Terminator != p.Frame.Terminator) {
		end.Value = terminatorName(c.Terminator)
	}
	if !c.Beep && p.Verdicts() {
		beep.Value = false
	}
	set = append(set, baud, config.Setting{Key: "data_bits"}, config.Setting{Key: "parity"}, config.Setting{Key: "stop_bits"}, end, beep)
	if c.Terminator == "" {
		set = append(set, config.Setting{Key: "idle_gap_ms"})
	}
	return set, nil
}

// isUnstable reports that the port's station permits an unstable name already.
func (s *setup) isUnstable(port string) bool {
	return slices.ContainsFunc(s.config.Stations, func(at scanner.Config) bool { return at.Port == port && at.Unstable })
}

// replace writes the text into the file as it stands, so that its owner, rights
// and links stay; the copy beside it is on the disk before that.
func (s *setup) replace(old, text []byte) error {
	file := s.configFile()
	if len(old) > 0 {
		keep := file + "." + time.Now().Format("20060102-150405") + ".old"
		if err := flushed(keep, os.O_EXCL, 0o600, old); err != nil {
			return fmt.Errorf("the old configuration cannot be kept, so nothing was written: %w", err)
		}
		fmt.Fprintf(s.out, "The old file is kept as %s.\n", keep)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	if err := flushed(file, os.O_TRUNC, 0o644, text); err != nil {
		return fmt.Errorf("%w; does it need an administrator?", err)
	}
	fmt.Fprintf(s.out, "Written. A running agent takes it at its next start: `dockfill-agent service restart`.\n")
	return nil
}

// flushed writes a file and has it on the disk.
func flushed(name string, how int, mode os.FileMode, text []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|how, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, bytes.NewReader(text))
	return errors.Join(err, f.Sync(), f.Close())
}

// difference shows which lines go (-) and which come (+), with a line around them.
func difference(old, text string) string {
	a, b := strings.Split(strings.TrimSuffix(old, "\n"), "\n"), strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if old == "" {
		a = nil
	}
	// same[i][j] is how many lines a[i:] and b[j:] have in common, in order.
	same := make([][]int, len(a)+1)
	same[len(a)] = make([]int, len(b)+1)
	for i := len(a) - 1; i >= 0; i-- {
		same[i] = make([]int, len(b)+1)
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				same[i][j] = same[i+1][j+1] + 1
			} else {
				same[i][j] = max(same[i+1][j], same[i][j+1])
			}
		}
	}
	var lines []string
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			lines = append(lines, "  "+a[i])
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || same[i+1][j] >= same[i][j+1]):
			lines = append(lines, "- "+a[i])
			i++
		default:
			lines = append(lines, "+ "+b[j])
			j++
		}
	}
	return strings.Join(around(lines), "\n")
}

// around keeps the changed lines and one beside them.
func around(lines []string) (kept []string) {
	changed := func(i int) bool { return i >= 0 && i < len(lines) && lines[i][0] != ' ' }
	for i, line := range lines {
		if changed(i-1) || changed(i) || changed(i+1) {
			kept = append(kept, strings.TrimRight(line, "\r "))
		}
	}
	return kept
}
