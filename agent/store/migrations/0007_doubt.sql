-- +goose Up

-- anchored is whether an anchor was ever kept of this database outside of it: where
-- that is missing, another one may have gone on. A database of a program that kept
-- none gets one once.
ALTER TABLE meta ADD COLUMN anchored INTEGER NOT NULL DEFAULT 0;

-- Why nothing is allocated with the database until the centre gives it a new life: it
-- is not vouched for, and it was told to stop. Both outlast the process.
ALTER TABLE meta ADD COLUMN doubt TEXT NOT NULL DEFAULT '';
ALTER TABLE meta ADD COLUMN fence_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE meta ADD COLUMN fence_text TEXT NOT NULL DEFAULT '';

-- How far the centre wants rights of a line back: returned shall reach it.
ALTER TABLE line ADD COLUMN target INTEGER NOT NULL DEFAULT 0;

-- Lives that this database left, oldest first, each with the end of its log and how
-- far the centre holds it. What people still wait for is named by events of them: where
-- unknown.seq is below 0 it is n * 2^40 + the number in that life's log - 2^52, and any
-- other number of an event of an earlier life is -1.
CREATE TABLE life (
	n           INTEGER PRIMARY KEY,
	incarnation TEXT    NOT NULL UNIQUE,
	head_seq    INTEGER NOT NULL,
	head_hash   BLOB    NOT NULL,
	stored_seq  INTEGER NOT NULL,
	stored_hash BLOB    NOT NULL,
	safe_seq    INTEGER NOT NULL,
	safe_hash   BLOB    NOT NULL
) STRICT;

-- Their logs: kept until they are safe, and as long as something waits that an event
-- tells of.
CREATE TABLE past (
	life INTEGER NOT NULL REFERENCES life (n),
	seq  INTEGER NOT NULL,
	at   INTEGER NOT NULL,
	hash BLOB    NOT NULL,
	body BLOB    NOT NULL,
	PRIMARY KEY (life, seq)
) STRICT, WITHOUT ROWID;
