package store

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"time"

	"github.com/mattn/go-sqlite3"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

const (
	// applicationID marks a file as Dockfill's site database ("DckS").
	applicationID = 0x44636b53
	// minSQLite has the fix of a race in which the write-ahead log could be
	// reset under a reader: 3.51.3.
	minSQLite = 3051003
	// readers is how many views may run at once.
	readers = 4
	// writerCache holds the pages that scans need; each reader has one of its own,
	// which pages of another kind would fill. In KiB.
	writerCache = 64 << 10
	readerCache = 4 << 10
	// quickCheckBytes bounds the check at the start: larger files would keep a
	// dock waiting for more than a few seconds. Their log is still followed.
	quickCheckBytes = 512 << 20
	// followEvents is how many of the newest events the chain is followed through.
	followEvents = 1000
)

// Open opens the site's database, or makes it where there is none, checks that
// it is whole and this site's, and counts the run. Errors wrap ErrDamaged,
// ErrForeign, ErrCheckpoint, ErrNewer, ErrInUse, ErrFull, ErrDenied, ErrDisk or ErrUnsafe, and
// say what to do.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Store{o: o}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(Explain(o.Path, classify(err)), s.abandon())
	}
	return s, nil
}

// open goes from what could be wrong with the file to what is written into it:
// a file that is not ours is not changed by a byte.
func (s *Store) open(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Dir(s.o.Path), 0o750); err != nil {
		return ofFile(err)
	}
	var err error
	if s.lock, err = Lock(s.o.Path); err != nil {
		return err
	}
	was, err := wasComplete(s.lock)
	if err != nil {
		return err
	}
	if was, err = s.prepareFile(ctx, was); err != nil {
		return err
	}
	if err := s.connect(ctx, was); err != nil {
		return err
	}
	if err := s.begin(ctx); err != nil {
		return err
	}
	return s.complete(ctx, was)
}

// connect opens the writer, checks and migrates through it, and only then the
// readers.
func (s *Store) connect(ctx context.Context, wasComplete bool) error {
	var err error
	// One goroutine at a time uses the writer: SQLite need not lock for it.
	if s.writeDB, err = openDB(s.o, writerCache, "&_mutex=no"); err != nil {
		return err
	}
	s.writeDB.SetMaxOpenConns(1)
	if err := s.check(ctx); err != nil {
		return err
	}
	if err := s.checkTables(ctx, wasComplete); err != nil {
		return err
	}
	if err := migrate(ctx, s.writeDB); err != nil {
		return err
	}
	c, err := s.writeDB.Conn(ctx)
	if err != nil {
		return err
	}
	s.w = &writer{c: c, ready: map[string][]*sql.Stmt{}}
	if s.readDB, err = openDB(s.o, readerCache, "&_query_only=true"); err != nil {
		return err
	}
	s.readDB.SetMaxOpenConns(readers)
	s.readDB.SetMaxIdleConns(readers)
	return nil
}

// begin takes the database into use: whose it is, that its log hangs together,
// and that one more process lives on it.
func (s *Store) begin(ctx context.Context) error {
	return s.Update(ctx, func(tx *Tx) error {
		if err := tx.c.exec(`INSERT INTO meta (id, site) VALUES (1, ?) ON CONFLICT DO NOTHING`, s.o.Site); err != nil {
			return err
		}
		var err error
		if tx.state, err = loadState(tx); err != nil {
			return err
		}
		if tx.meta.Site != s.o.Site {
			return fmt.Errorf("%w: it belongs to site %s, the configuration says %s", ErrForeign, tx.meta.Site, s.o.Site)
		}
		if err := tx.renewKeys(); err != nil {
			return err
		}
		if err := tx.followChain(followEvents); err != nil {
			return err
		}
		if tx.counts, err = tx.AddUp(); err != nil {
			return err
		}
		return tx.startRun()
	})
}

// abandon lets go of what a failed Open or Close holds.
func (s *Store) abandon() error {
	var errs []error
	if s.w != nil {
		errs = append(errs, s.w.close())
	}
	for _, db := range []*sql.DB{s.readDB, s.writeDB} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// prepareFile looks at the file before SQLite does, and makes it where there is
// none or an empty one, as a first start that was broken off leaves behind. A
// file that a person took away makes room for a new one, which was not complete.
func (s *Store) prepareFile(ctx context.Context, wasComplete bool) (stillWas bool, err error) {
	// Opened to write, so that a missing right is known before SQLite meets it.
	f, err := os.OpenFile(s.o.Path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		if err := setComplete(s.lock, false); err != nil {
			return false, err
		}
		return false, prime(ctx, s.o.Path)
	}
	if err != nil {
		return false, ofFile(err)
	}
	defer f.Close()
	empty, err := readHeader(f)
	switch {
	case err != nil:
		return false, err
	case empty && wasComplete:
		return false, fmt.Errorf("%w: the file is empty, and was not", ErrDamaged)
	case empty:
		return false, prime(ctx, s.o.Path)
	}
	return wasComplete, nil
}

// readHeader refuses a file that is not a site database from its first byte on.
func readHeader(f *os.File) (empty bool, err error) {
	header := make([]byte, 100)
	n, err := io.ReadFull(f, header)
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return true, nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		return false, fmt.Errorf("%w: it was cut down to %d bytes", ErrDamaged, n)
	case err != nil:
		return false, fmt.Errorf("%w: %w", ErrDisk, err)
	case !bytes.HasPrefix(header, []byte("SQLite format 3\x00")):
		return false, fmt.Errorf("%w: it does not begin as an SQLite database does", ErrDamaged)
	case binary.BigEndian.Uint32(header[68:]) == checkpointID:
		return false, ErrCheckpoint
	case binary.BigEndian.Uint32(header[68:]) != applicationID:
		return false, fmt.Errorf("%w: another program made it", ErrForeign)
	}
	return false, nil
}

// prime writes the mark of ownership into the file itself before the
// write-ahead log takes over, so that prepareFile can trust the header, and
// sets what must be set before there is a table.
func prime(ctx context.Context, path string) error {
	if err := makeFile(path); err != nil {
		return ofFile(err)
	}
	db, err := sql.Open("sqlite3", fileURI(path)+"?_synchronous=FULL")
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, fmt.Sprintf(
		"PRAGMA auto_vacuum = incremental; PRAGMA application_id = %d; VACUUM;", applicationID))
	return err
}

// fileMode keeps the site's figures from other users. SQLite gives the mode of the
// file to its log and index.
const fileMode = 0o640

// makeFile makes an empty file of that mode, whatever the umask.
func makeFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, fileMode)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(fileMode), f.Close())
}

func fileURI(path string) string {
	return "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()
}

// openDB puts into every connection what a site relies on. Without synchronous
// FULL a power cut loses commits that were answered with a good tone: the
// driver's own default under WAL is NORMAL.
func openDB(o Options, cacheKiB int, more string) (*sql.DB, error) {
	flush := synchronous
	if o.Unflushed {
		flush = "OFF"
	}
	return sql.Open("sqlite3", fileURI(o.Path)+"?_journal_mode=WAL&_synchronous="+flush+
		"&_foreign_keys=true&_busy_timeout=5000&_cache_size=-"+strconv.Itoa(cacheKiB)+more)
}

// check asserts the settings and that the file is whole.
func (s *Store) check(ctx context.Context) error {
	if _, n, _ := sqlite3.Version(); n < minSQLite {
		return fmt.Errorf("%w: SQLite is version %d, at least %d is needed", ErrUnsafe, n, minSQLite)
	}
	for pragma, want := range s.settings() {
		var got string
		if err := s.writeDB.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got); err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("%w: PRAGMA %s is %s instead of %s", ErrUnsafe, pragma, got, want)
		}
	}
	if err := s.tune(ctx); err != nil {
		return err
	}
	return s.checkFile(ctx)
}

func (s *Store) settings() map[string]string {
	if s.o.Unflushed {
		return map[string]string{"foreign_keys": "1"}
	}
	return map[string]string{"journal_mode": "wal", "synchronous": synchronousIs, "foreign_keys": "1"}
}

// tune sets what SQLite has no connection parameter for. A checkpoint at 4000
// pages instead of 1000 halves the slowest commits.
func (s *Store) tune(ctx context.Context) error {
	for _, p := range []string{"wal_autocheckpoint = 4000", "journal_size_limit = 67108864"} {
		rows, err := s.writeDB.QueryContext(ctx, "PRAGMA "+p)
		if err != nil {
			return err
		}
		if err := rows.Close(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) checkFile(ctx context.Context) error {
	info, err := os.Stat(s.o.Path)
	if err != nil || info.Size() > quickCheckBytes {
		return err
	}
	var found string
	if err := s.writeDB.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return fmt.Errorf("%w: %s", ErrDamaged, found)
	}
	return nil
}

func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return err
	}
	have, newest, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if have > newest {
		return fmt.Errorf("%w: its schema is number %d, this program knows %d", ErrNewer, have, newest)
	}
	if _, err = p.Up(ctx); err != nil {
		return upgradeError(err)
	}
	return nil
}

// upgradeError names the step that failed, without the library's words around it.
func upgradeError(err error) error {
	var step *goose.PartialError
	if !errors.As(err, &step) {
		return fmt.Errorf("%w: %w", ErrUpgrade, err)
	}
	return fmt.Errorf("%w: step %d failed and was taken back: %w", ErrUpgrade, step.Failed.Source.Version, step.Err)
}

// DamageMark, behind the name of a database, is the file that says that it was found
// damaged.
const DamageMark = ".damaged"

// Lock keeps other agents off a database that is not opened, as Open does. The error wraps
// ErrInUse or is that of the file system.
func Lock(path string) (*os.File, error) { return lockFile(path + ".lock") }

// Explain says with each failure of a database what a person can do.
func Explain(path string, err error) error {
	advice := ""
	switch {
	case errors.Is(err, ErrDamaged):
		advice = "scans are set aside meanwhile: keep the data folder and call central operations: what the centre confirmed is safe there"
	case errors.Is(err, ErrForeign):
		advice = "check `site` and `data` in the configuration"
	case errors.Is(err, ErrCheckpoint):
		advice = "a site that goes on from it promises units a second time: put the site's own database back, or call central operations where it is lost"
	case errors.Is(err, ErrNewer):
		advice = "install that program again, or a newer one"
	case errors.Is(err, ErrInUse):
		advice = "stop the other agent that uses it"
	case errors.Is(err, ErrFull):
		advice = "make room on the disk and start again"
	case errors.Is(err, ErrDenied):
		advice = deniedAdvice(filepath.Dir(path))
	case errors.Is(err, ErrDisk):
		advice = "check that the folder of `data` can be reached and that the disk is healthy"
	case errors.Is(err, ErrUpgrade):
		advice = "nothing is lost: install the program that ran before again, go on with it, and send this message to central operations"
	}
	if advice == "" {
		return fmt.Errorf("database %s: %w", path, err)
	}
	return fmt.Errorf("database %s: %w; %s", path, err, advice)
}

// deniedAdvice names the user, as a service runs as another than the person who
// tries it.
func deniedAdvice(dir string) string {
	who := "the agent's user"
	if u, err := user.Current(); err == nil {
		who = u.Username
	}
	return fmt.Sprintf("let %s own the folder %s, start the agent as the user who owns it, or name another folder as `data` in the configuration", who, dir)
}
