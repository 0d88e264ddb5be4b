package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/mattn/go-sqlite3"
	"github.com/pressly/goose/v3"
)

// minSQLite is 3.51.3: before it, a checkpoint racing a commit could corrupt a
// file in WAL mode.
const minSQLite = 3051003

// sqliteRun is the longest run of rows in one statement; shorter runs are powers
// of two, so that few texts are ever prepared.
const sqliteRun = 64

type sqlite struct{}

// openSQLite opens the file, or makes it where there is none. Errors name it;
// those of a file that is not whole wrap ErrDamaged, of another program's
// ErrForeign.
func (s *Store) openSQLite(ctx context.Context, path string, log *slog.Logger) (write *sql.DB, err error) {
	_, fresh := os.Stat(path + ".lock")
	if s.lock, err = lockFile(path + ".lock"); err != nil {
		return nil, fmt.Errorf("database %s: %w", path, err)
	}
	lost, err := checkWhole(path, s.lock)
	if err != nil {
		if errors.Is(fresh, fs.ErrNotExist) {
			s.removeLock(path + ".lock")
		}
		return nil, refusal(path, err)
	}
	if lost {
		log.Warn("a new, empty database is made: the one that was here is gone. If nobody meant that, stop this centre and put the newest copy of the data folder back; "+
			"sites that know the old one are told to stop allocating until people have decided", "path", path)
	}
	if err = makeFile(path); err == nil {
		write, s.read, s.kind, err = openSQLite(ctx, path)
	}
	if err == nil {
		err = markUsed(s.lock)
	}
	if err != nil {
		return nil, refusal(path, err)
	}
	return write, nil
}

// removeLock takes a lock away that was made for a file which was then refused.
func (s *Store) removeLock(path string) {
	_ = s.unlock() // Windows removes no open file
	s.lock = nil
	_ = os.Remove(path) // a leftover of no weight
}

// refusal says what to do about a file that cannot be used.
func refusal(path string, err error) error {
	switch {
	case errors.Is(err, ErrDamaged):
		return fmt.Errorf("database %s: %w; %s", path, err, damagedAdvice)
	case errors.Is(err, ErrForeign):
		return fmt.Errorf("database %s: %w; %s", path, err, foreignAdvice)
	}
	return fmt.Errorf("database %s: %w", path, err)
}

// fileMode keeps what customers are owed from other users of the machine. SQLite
// gives the mode of the file to its log and index.
const fileMode = 0o640

// makeFile makes an empty file of that mode where there is none, whatever the umask.
func makeFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, fileMode)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(fileMode), f.Close())
}

func openSQLite(ctx context.Context, path string) (write, read *sql.DB, _ dialect, err error) {
	if _, n, _ := sqlite3.Version(); n < minSQLite {
		return nil, nil, nil, fmt.Errorf("the SQLite in this program is number %d, at least %d is needed: build it anew", n, minSQLite)
	}
	write = sql.OpenDB(sqliteConnector{path: path})
	write.SetMaxOpenConns(1)
	if err := migrate(ctx, goose.DialectSQLite3, write); err != nil {
		_ = write.Close()
		return nil, nil, nil, damage(err)
	}
	read = sql.OpenDB(sqliteConnector{path: path, readOnly: true})
	read.SetMaxOpenConns(8)
	return write, read, sqlite{}, nil
}

func migrate(ctx context.Context, d goose.Dialect, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(d, db, files)
	if err != nil {
		return err
	}
	has, knows, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if has > knows {
		return fmt.Errorf("it was last used by a newer dockfill-cloud (its tables have version %d, this program knows %d): run that one, or restore a backup made before the upgrade", has, knows)
	}
	var step *goose.PartialError
	if _, err = p.Up(ctx); errors.As(err, &step) {
		return fmt.Errorf("its tables could not be upgraded (step %d failed and was taken back; nothing is lost): run the dockfill-cloud that used it before, and report this: %w",
			step.Failed.Source.Version, step.Err)
	}
	return err
}

// sqliteConnector sets every connection up in the same way and refuses one that
// would not flush: the driver's own default in WAL mode is synchronous=NORMAL,
// which loses acknowledged rows in a power cut.
type sqliteConnector struct {
	path     string
	readOnly bool
	probe    bool // read a file that may be damaged, and leave it as it is
	alone    bool // with probe: the file without a log, which nobody changes
}

func (c sqliteConnector) Driver() driver.Driver { return &sqlite3.SQLiteDriver{} }

func (c sqliteConnector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.Driver().Open(c.dsn())
	if err != nil {
		return nil, err
	}
	if err := c.setUp(conn.(*sqlite3.SQLiteConn)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

func (c sqliteConnector) dsn() string {
	q := url.Values{
		"_journal_mode": {"WAL"}, "_synchronous": {"FULL"}, "_foreign_keys": {"on"}, "_busy_timeout": {"5000"},
		"_cache_size": {"-65536"}, "_auto_vacuum": {"incremental"},
	}
	if c.readOnly {
		q = url.Values{"_query_only": {"on"}, "_busy_timeout": {"5000"}, "_cache_size": {"-16384"}}
	}
	if c.probe {
		q = url.Values{"mode": {"ro"}, "_busy_timeout": {"5000"}}
	}
	if c.alone {
		q.Set("immutable", "1")
	}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(c.path), OmitHost: true, RawQuery: q.Encode()}
	return u.String()
}

func (c sqliteConnector) setUp(conn *sqlite3.SQLiteConn) error {
	if c.readOnly || c.probe {
		return nil
	}
	if _, err := conn.Exec("PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=67108864", nil); err != nil {
		return err
	}
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1"} {
		got, err := readPragma(conn, pragma)
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("database %s: %s is %s instead of %s; is its disk one that SQLite can lock and flush?", c.path, pragma, got, want)
		}
	}
	return nil
}

func readPragma(conn *sqlite3.SQLiteConn, name string) (string, error) {
	rows, err := conn.Query("PRAGMA "+name, nil)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	value := make([]driver.Value, 1)
	if err := rows.Next(value); err != nil {
		return "", err
	}
	return fmt.Sprint(value[0]), nil
}

func (sqlite) name() string     { return "sqlite" }
func (sqlite) lock() string     { return "" } // the one writer holds the whole file
func (sqlite) bytewise() string { return "" }
func (sqlite) begin() string    { return "BEGIN IMMEDIATE" }

func (sqlite) chunk(n int) int {
	run := sqliteRun
	for run > n {
		run /= 2
	}
	return run
}

func (sqlite) rows(n int, columns []kind) string {
	var b strings.Builder
	b.WriteString("VALUES ")
	for i := range n {
		for j := range columns {
			b.WriteString(separator(i, j))
			b.WriteString("$" + strconv.Itoa(i*len(columns)+j+1))
		}
		b.WriteByte(')')
	}
	return b.String()
}

func separator(row, column int) string {
	switch {
	case column > 0:
		return ","
	case row > 0:
		return ",("
	}
	return "("
}

func (sqlite) args(columns []kind, rows [][]any) []any {
	args := make([]any, 0, len(rows)*len(columns))
	for _, r := range rows {
		args = append(args, r...)
	}
	return args
}

func (sqlite) anyOf(column string, n int) string {
	return column + " IN (SELECT value FROM json_each($" + strconv.Itoa(n) + "))"
}

func (sqlite) texts(ids []string) (any, error) {
	list, err := json.Marshal(ids)
	return string(list), err
}

func (sqlite) holds(column string, n int) string {
	return "instr(" + column + ", $" + strconv.Itoa(n) + ") > 0"
}

func (sqlite) load(context.Context, *sql.Conn, string, []string, [][]any) (bool, error) {
	return false, nil
}

func join(names []string) string { return strings.Join(names, ", ") }
