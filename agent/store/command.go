package store

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"dockfill/sync/wire"
)

// Applied is a run of commands that one transaction applied, and where the log
// tells of it.
type Applied struct {
	First, Last int64  // events
	Centre      string // incarnation
	N           int64  // of the first command; the others follow
	Commands    []wire.Command
}

// Packed are commands as they are kept. They are packed before the transaction that
// applies them, so that no scan waits for it.
type Packed []byte

// The packing of commands. What the centre sends at once is at most a message of
// wire.MaxMessage, so far more than that is no packing of ours.
var (
	packer, _   = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	unpacker, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64*wire.MaxMessage))
)

// Pack packs commands.
func Pack(cmds []wire.Command) (Packed, error) {
	text, err := json.Marshal(cmds)
	if err != nil {
		return nil, err
	}
	return packer.EncodeAll(text, make([]byte, 0, len(text)/4+64)), nil
}

func (p Packed) unpack() (cmds []wire.Command, err error) {
	text, err := unpacker.DecodeAll(p, nil)
	if err == nil {
		err = json.Unmarshal(text, &cmds)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: kept commands: %w", ErrDamaged, err)
	}
	return cmds, nil
}

// KeepCommands keeps commands that this transaction applied, the first of them being
// number n. The log tells of them from event seq on to its end.
func (tx *Tx) KeepCommands(seq int64, centre string, n int64, cmds Packed) error {
	return tx.c.exec(`INSERT INTO command (seq, last, centre, n, body) VALUES (?, ?, ?, ?, ?)`, seq, tx.head.Seq, centre, n, []byte(cmds))
}

// AppliedIn gives the commands of the transaction that an event is of; nothing where
// it is of none, or they are kept no longer.
func (tx *Tx) AppliedIn(seq int64) ([]wire.Command, error) {
	var body []byte
	found, err := tx.one(`SELECT iif(last >= ?1, body, x'') FROM command WHERE seq <= ?1 ORDER BY seq DESC LIMIT 1`, []any{seq}, &body)
	if !found || err != nil || len(body) == 0 {
		return nil, err
	}
	return Packed(body).unpack()
}

// AppliedAt gives the commands of which the log tells from event seq on; false where
// that event tells of something else, or the commands were not kept.
func (tx *Tx) AppliedAt(seq int64) (a Applied, found bool, err error) {
	var body []byte
	found, err = tx.one(`SELECT seq, last, centre, n, body FROM command WHERE seq = ?`, []any{seq}, &a.First, &a.Last, &a.Centre, &a.N, &body)
	if !found || err != nil {
		return a, false, err
	}
	a.Commands, err = Packed(body).unpack()
	return a, err == nil, err
}

// ForgetCommands deletes at most limit of the kept runs of commands of which events
// up to through tell, and reports how many went.
func (tx *Tx) ForgetCommands(through int64, limit int) (int64, error) {
	var last sql.NullInt64
	_, err := tx.one(`SELECT max(seq) FROM (SELECT seq FROM command WHERE seq <= ? AND last <= ? ORDER BY seq LIMIT ?)`, []any{through, through, limit}, &last)
	if err != nil || !last.Valid {
		return 0, err
	}
	return tx.c.change(`DELETE FROM command WHERE seq <= ?`, last.Int64)
}
