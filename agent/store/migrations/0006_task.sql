-- +goose Up

-- The number of a task is never used again: a page that was left open, or a program that
-- repeats what it said, may still mean the task that had it.
CREATE TABLE task_new (
	id        INTEGER PRIMARY KEY AUTOINCREMENT,
	kind      TEXT    NOT NULL CHECK (kind IN ('PICK', 'MOVE', 'RETURN', 'PUTAWAY')),
	sku       TEXT    NOT NULL,
	qty       INTEGER NOT NULL CHECK (qty >= 1),
	from_line TEXT    NOT NULL,
	to_line   TEXT    NOT NULL,
	since     INTEGER NOT NULL
) STRICT;
INSERT INTO task_new SELECT id, kind, sku, qty, from_line, to_line, since FROM task;
DROP TABLE task;
ALTER TABLE task_new RENAME TO task;
CREATE INDEX task_sku ON task (sku);
