package e2e

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// module is the import path of the house; every folder name below is relative
// to it.
const module = "dockfill"

// topLevel is what may lie at the top of the repository.
var topLevel = []string{
	"agent", "scanner", "sync", "allocation", "cloud", "firmware-sim", "packaging", "e2e", "docs", ".ci", ".git", "bin", "dist",
	"go.mod", "go.sum", "README.md", "Makefile", "CHANGELOG.md", "CONTRIBUTING.md", ".gitignore", ".gitattributes", "LICENSE",
}

// room says what the packages below a folder may import of the house. The
// longest folder that fits a package is its room. "x/..." means x and below.
type room struct {
	folder string
	ours   []string
	// tests is what tests may import beyond ours and the test helpers.
	tests []string
	// stdOnly refuses every module but those in third.
	stdOnly bool
	third   []string
	// pure refuses input, output, clocks and goroutines.
	pure bool
}

var rooms = []room{
	{folder: "allocation", stdOnly: true, pure: true},
	{folder: "allocation/policy", ours: []string{"allocation"}, stdOnly: true, third: []string{"github.com/agnivade/levenshtein", "github.com/pelletier/go-toml/v2", "github.com/pelletier/go-toml/v2/unstable"}},
	{folder: "allocation/memory", ours: []string{"allocation", "allocation/scenario"}, stdOnly: true, pure: true},
	{folder: "allocation/scenario", ours: []string{"allocation", "allocation/policy"}, stdOnly: true},
	{folder: "scanner", ours: []string{"scanner/...", "allocation"}},
	{folder: "sync", ours: []string{"sync/wire", "sync/rights", "sync/session", "allocation"}, tests: []string{"sync/..."}},
	{folder: "sync/mqtttest", ours: []string{"sync/...", "allocation"}},
	{folder: "sync/wire", ours: []string{"allocation"}},
	{folder: "sync/rights", ours: []string{"sync/wire", "allocation"}, pure: true},
	{folder: "sync/session", ours: []string{"sync/wire", "sync/rights", "allocation"}, pure: true},
	{folder: "sync/check", ours: []string{"sync/wire", "sync/rights", "sync/session", "allocation"}, stdOnly: true, pure: true},
	{folder: "agent", ours: []string{"allocation/...", "scanner/...", "sync/...", "agent/...", "packaging/..."}},
	{folder: "packaging"},
	{folder: "cloud", ours: []string{"allocation/...", "sync/...", "cloud/...", "packaging/version"}},
	{folder: "cloud/promise", ours: []string{"allocation", "allocation/memory"}, stdOnly: true, pure: true},
	{folder: "firmware-sim", ours: []string{"firmware-sim/...", "packaging/version"}},
	{folder: "firmware-sim/device"},
	{folder: "firmware-sim/network"},
	{folder: "e2e", ours: []string{"..."}},
}

// adapters names the only folders that may import a library.
var adapters = map[string][]string{
	"go.bug.st/serial":                    {"scanner/serial"},
	"github.com/eclipse/paho.mqtt.golang": {"sync/mqtt"},
	"github.com/mochi-mqtt/server/v2":     {"sync/mqtttest", "cloud/broker"},
	"github.com/mattn/go-sqlite3":         {"agent/store/...", "cloud/store/..."},
	"github.com/jackc/pgx/v5":             {"cloud/store/..."},
	"github.com/pressly/goose/v3":         {"agent/store/...", "cloud/store/..."},
	"database/sql":                        {"agent/store/...", "cloud/store/..."},
}

// Folders for JSON tags: the contract between the programs, the replay format,
// and the handlers of HTTP and commands. SQL stands in the stores.
var (
	jsonFolders = []string{"sync/wire", "allocation/scenario", "agent/dock/...", "agent/cmd/...", "cloud/web/...", "cloud/cmd/...", "firmware-sim/...", "e2e/...", ".ci/..."}
	sqlFolders  = []string{"agent/store/...", "cloud/store/...", "e2e/..."}
)

// checkers are for tests and for .ci alone: no program carries them.
var checkers = []string{"sync/check"}

// testHelpers may be imported by any room's tests beyond the room's own list.
var testHelpers = []string{"allocation/memory", "allocation/memory/histories", "scanner/scannertest", "sync/mqtttest", "firmware-sim/device", "firmware-sim/network"}

// sqlText finds a statement in a string literal.
var sqlText = regexp.MustCompile(`(?s)^\s*(SELECT .+ FROM |INSERT INTO |UPDATE \S+ SET |DELETE FROM |CREATE (TABLE|INDEX|UNIQUE) |PRAGMA )`)

// breaches walks the module at root and gives one sentence for each broken
// rule, in the order of the files.
func breaches(root string) ([]string, error) {
	found, err := strangers(root)
	if err != nil {
		return nil, err
	}
	err = filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, file)
		switch {
		case entry.IsDir() && slices.Contains([]string{".git", "testdata", "bin", "dist"}, entry.Name()):
			return filepath.SkipDir
		case entry.IsDir() || path.Ext(file) != ".go":
			return nil
		}
		said, err := readFile(root, filepath.ToSlash(rel))
		found = append(found, said...)
		return err
	})
	return found, err
}

func strangers(root string) (found []string, err error) {
	entries, err := os.ReadDir(root)
	for _, e := range entries {
		if !slices.Contains(topLevel, e.Name()) {
			found = append(found, fmt.Sprintf("%s has no place at the top level", e.Name()))
		}
	}
	return found, err
}

func readFile(root, rel string) (found []string, err error) {
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, filepath.Join(root, rel), nil, 0)
	if err != nil {
		return nil, err
	}
	c := check{files: files, folder: path.Dir(rel), file: rel, test: strings.HasSuffix(rel, "_test.go")}
	c.room = roomOf(c.folder)
	if c.folder == "sync" {
		c.say(f.Pos(), "no Go file lies directly in sync/")
	}
	for _, imp := range f.Imports {
		name, _ := strconv.Unquote(imp.Path.Value)
		c.imported(imp.Pos(), name)
	}
	if !c.test {
		ast.Inspect(f, c.node)
	}
	return c.found, nil
}

// check holds what is known of one file while it is read.
type check struct {
	files        *token.FileSet
	folder, file string
	test         bool
	room         *room
	found        []string
}

func (c *check) say(at token.Pos, format string, args ...any) {
	c.found = append(c.found, fmt.Sprintf("%s:%d: %s", c.file, c.files.Position(at).Line, fmt.Sprintf(format, args...)))
}

func (c *check) imported(at token.Pos, name string) {
	for library, folders := range adapters {
		if (name == library || strings.HasPrefix(name, library+"/")) && !c.test && !within(c.folder, folders) {
			c.say(at, "%s is imported by %s alone", library, strings.ReplaceAll(strings.Join(folders, " and "), "/...", ""))
		}
	}
	ours, isOurs := strings.CutPrefix(name, module+"/")
	switch {
	case c.room == nil:
	case isOurs:
		c.house(at, ours)
	case c.room.stdOnly && !c.test && strings.Contains(strings.Split(name, "/")[0], ".") && !slices.Contains(c.room.third, name):
		c.say(at, "%s imports the standard library only, not %s", c.room.folder, name)
	case c.room.pure && !c.test && slices.Contains([]string{"os", "net", "net/http", "database/sql", "io/fs", "syscall", "log", "log/slog"}, name):
		c.say(at, "%s is pure and cannot import %s", c.room.folder, name)
	}
}

func (c *check) house(at token.Pos, ours string) {
	allowed := slices.Clone(c.room.ours)
	if c.test {
		allowed = append(append(allowed, testHelpers...), c.room.tests...)
	}
	// A package's own outside tests import it.
	if ours != c.folder && (!within(ours, allowed) || !c.test && slices.Contains(checkers, ours)) {
		c.say(at, "%s may not import %s", c.room.folder, ours)
	}
}

func (c *check) node(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.Field:
		if n.Tag != nil && strings.Contains(n.Tag.Value, `json:"`) && !within(c.folder, jsonFolders) {
			c.say(n.Pos(), "JSON tags have no place in %s", c.folder)
		}
	case *ast.BasicLit:
		if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING && sqlText.MatchString(text) && !within(c.folder, sqlFolders) {
			c.say(n.Pos(), "SQL has no place in %s", c.folder)
		}
	case *ast.GoStmt:
		if c.isPure() {
			c.say(n.Pos(), "%s is pure and cannot start a goroutine", c.room.folder)
		}
	case *ast.SelectorExpr:
		c.clock(n)
	}
	return true
}

func (c *check) clock(n *ast.SelectorExpr) {
	pkg, ok := n.X.(*ast.Ident)
	if ok && pkg.Name == "time" && c.isPure() && slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"}, n.Sel.Name) {
		c.say(n.Pos(), "%s is pure and cannot read a clock", c.room.folder)
	}
}

func (c *check) isPure() bool { return c.room != nil && c.room.pure }

// roomOf finds the room with the longest folder around a package.
func roomOf(folder string) *room {
	var best *room
	for i, r := range rooms {
		if within(folder, []string{r.folder + "/..."}) && (best == nil || len(r.folder) > len(best.folder)) {
			best = &rooms[i]
		}
	}
	return best
}

// within reports whether the folder is one of the patterns.
func within(folder string, patterns []string) bool {
	for _, p := range patterns {
		base, below := strings.CutSuffix(p, "...")
		base = strings.TrimSuffix(base, "/")
		if folder == base || below && (base == "" || strings.HasPrefix(folder, base+"/")) {
			return true
		}
	}
	return false
}
