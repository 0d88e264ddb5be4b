package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// copyFrom is the number of rows from which COPY beats INSERT from arrays.
const copyFrom = 1000

type postgres struct{}

// openPostgres takes an address as psql does. One pool serves both, the writer
// holding one of its connections.
func openPostgres(ctx context.Context, address string) (write, read *sql.DB, _ dialect, err error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("database address: %w", err)
	}
	// A plan for arrays of any length suits none: by it, 500 rights of one site
	// took 170 ms to read where the table was not analysed yet, and now take 14.
	config.RuntimeParams["plan_cache_mode"] = "force_custom_plan"
	at := fmt.Sprintf("database %s at %s:%d", config.Database, config.Host, config.Port)
	write = stdlib.OpenDB(*config)
	write.SetMaxOpenConns(2)
	if err := setUpPostgres(ctx, write); err != nil {
		return nil, nil, nil, errors.Join(fmt.Errorf("%s: %w", at, brief(err)), write.Close())
	}
	// The writer keeps its own connection. One left idle would be lost together
	// with it, and taken in its place.
	write.SetMaxIdleConns(0)
	read = stdlib.OpenDB(*config)
	read.SetMaxOpenConns(8)
	return write, read, postgres{}, nil
}

// brief leaves of a refused connection what a person needs: the library tells
// address and user again, and each attempt on a line of its own.
func brief(err error) error {
	var connect *pgconn.ConnectError
	var told *pgconn.PgError
	var dial *net.OpError
	switch {
	case !errors.As(err, &connect):
		return err
	case errors.As(err, &told):
		return errors.New(told.Message)
	case errors.As(err, &dial):
		return dial.Err
	}
	return errors.New(oneLine(err.Error()))
}

// setUpPostgres lets the shared statements say BLOB and runs them, unless
// another centre is at work on the tables.
func setUpPostgres(ctx context.Context, db *sql.DB) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := (postgres{}).claim(ctx, conn); err != nil {
		return err
	}
	return errors.Join(bringUpToDate(ctx, db), postgres{}.release(ctx, conn))
}

func bringUpToDate(ctx context.Context, db *sql.DB) error {
	const domain = `DO $$ BEGIN CREATE DOMAIN blob AS bytea; EXCEPTION WHEN duplicate_object THEN NULL; END $$`
	if _, err := db.ExecContext(ctx, domain); err != nil {
		return err
	}
	return migrate(ctx, goose.DialectPostgres, db)
}

func (postgres) name() string     { return "postgres" }
func (postgres) lock() string     { return " FOR UPDATE" }
func (postgres) bytewise() string { return ` COLLATE "C"` }
func (postgres) begin() string    { return "BEGIN" }

func (postgres) chunk(n int) int { return min(n, copyFrom) }

var postgresTypes = map[kind]string{text: "text[]", number: "bigint[]", bytes: "bytea[]"}

func (postgres) rows(_ int, columns []kind) string {
	arrays := make([]string, len(columns))
	for i, k := range columns {
		arrays[i] = "$" + strconv.Itoa(i+1) + "::" + postgresTypes[k]
	}
	return "SELECT * FROM unnest(" + strings.Join(arrays, ",") + ")"
}

func (postgres) args(columns []kind, rows [][]any) []any {
	args := make([]any, len(columns))
	for i, k := range columns {
		switch k {
		case text:
			args[i] = column[string](rows, i)
		case number:
			args[i] = column[int64](rows, i)
		case bytes:
			args[i] = column[[]byte](rows, i)
		}
	}
	return args
}

func column[T any](rows [][]any, i int) []T {
	values := make([]T, len(rows))
	for j, r := range rows {
		values[j] = r[i].(T)
	}
	return values
}

func (postgres) anyOf(column string, n int) string {
	return column + " = ANY($" + strconv.Itoa(n) + "::text[])"
}

func (postgres) texts(ids []string) (any, error) { return ids, nil }

func (postgres) holds(column string, n int) string {
	return "position($" + strconv.Itoa(n) + "::bytea IN " + column + ") > 0"
}

func (postgres) load(ctx context.Context, c *sql.Conn, table string, columns []string, rows [][]any) (bool, error) {
	if len(rows) < copyFrom {
		return false, nil
	}
	err := c.Raw(func(driver any) error {
		_, err := driver.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromRows(rows))
		return err
	})
	return true, err
}
