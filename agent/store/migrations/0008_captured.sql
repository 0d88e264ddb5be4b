-- +goose Up

-- Records of capture files that were taken into the log, each in the transaction that
-- decided it, so that none is taken in twice. seq is the scan's last event; 0 where it
-- made none, or that event is not of the present log. Of a file that is gone the newest
-- row stays.
CREATE TABLE captured (
	file TEXT    NOT NULL,
	n    INTEGER NOT NULL,
	seq  INTEGER NOT NULL,
	PRIMARY KEY (file, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX captured_seq ON captured (seq) WHERE seq > 0;
