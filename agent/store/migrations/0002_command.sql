-- +goose Up

-- The commands of the centre as they were applied, in packed JSON, a row for each
-- transaction: with the log they are all that this site's decisions came from. seq is
-- the first event that tells of them and last the last one; n is the first's number.
-- They are kept as far back as the oldest daily checkpoint.
CREATE TABLE command (
	seq    INTEGER PRIMARY KEY,
	last   INTEGER NOT NULL CHECK (last >= seq),
	centre TEXT    NOT NULL,
	n      INTEGER NOT NULL,
	body   BLOB    NOT NULL
) STRICT;
