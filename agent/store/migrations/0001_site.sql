-- +goose Up

-- One row: whose database this is, which life it leads, and how far the talk
-- with the centre has come. Hashes are 32 bytes, or empty at sequence number 0.
CREATE TABLE meta (
	id             INTEGER PRIMARY KEY CHECK (id = 1),
	site           TEXT    NOT NULL,
	incarnation    TEXT    NOT NULL DEFAULT '',
	run            INTEGER NOT NULL DEFAULT 0,
	stored_seq     INTEGER NOT NULL DEFAULT 0,
	stored_hash    BLOB    NOT NULL DEFAULT x'',
	safe_seq       INTEGER NOT NULL DEFAULT 0,
	safe_hash      BLOB    NOT NULL DEFAULT x'',
	command_centre TEXT    NOT NULL DEFAULT '',
	command_n      INTEGER NOT NULL DEFAULT 0,
	policy_version TEXT    NOT NULL DEFAULT '',
	policy_rank    TEXT    NOT NULL DEFAULT '',
	CHECK (safe_seq <= stored_seq)
) STRICT;

-- The site's log, and at the same time its outbox: read behind the centre's
-- mark, deleted only below the safe one. prev links a scan to the station's
-- scan before it that was not undone; parts counts the events of one scan and
-- stands in the last of them.
CREATE TABLE event (
	seq   INTEGER PRIMARY KEY,
	at    INTEGER NOT NULL,
	prev  INTEGER NOT NULL DEFAULT 0,
	parts INTEGER NOT NULL DEFAULT 1,
	hash  BLOB    NOT NULL CHECK (length(hash) = 32),
	body  BLOB    NOT NULL
) STRICT;

CREATE TABLE item (
	sku         TEXT PRIMARY KEY,
	description TEXT NOT NULL,
	putaway     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE gtin (
	gtin TEXT    PRIMARY KEY CHECK (length(gtin) = 14),
	sku  TEXT    NOT NULL REFERENCES item (sku),
	qty  INTEGER NOT NULL CHECK (qty BETWEEN 1 AND 1000000)
) STRICT, WITHOUT ROWID;
CREATE INDEX gtin_sku ON gtin (sku);

CREATE TABLE orders (
	id            TEXT    PRIMARY KEY,
	version       INTEGER NOT NULL,
	customer      TEXT    NOT NULL,
	customer_name TEXT    NOT NULL,
	override      INTEGER NOT NULL,
	class         TEXT    NOT NULL,
	contract      INTEGER NOT NULL,
	tier          INTEGER NOT NULL,
	accepted      TEXT    NOT NULL,
	promised      TEXT    NOT NULL,
	requested     TEXT    NOT NULL,
	door          TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- What a customer wants of one SKU, and the right registers of this life. The
-- checks are the last barrier behind the rules in the code. waits is whether
-- anything is open: a column that stays as it is while a line fills, so that
-- line_open is not written by each scan.
CREATE TABLE line (
	id        TEXT    PRIMARY KEY,
	order_id  TEXT    NOT NULL REFERENCES orders (id),
	sku       TEXT    NOT NULL,
	ordered   INTEGER NOT NULL CHECK (ordered >= 0),
	cancelled INTEGER NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
	allocated INTEGER NOT NULL DEFAULT 0 CHECK (allocated >= 0),
	staged    INTEGER NOT NULL DEFAULT 0 CHECK (staged BETWEEN 0 AND allocated),
	granted   INTEGER NOT NULL DEFAULT 0,
	used      INTEGER NOT NULL DEFAULT 0,
	undone    INTEGER NOT NULL DEFAULT 0 CHECK (undone <= used),
	returned  INTEGER NOT NULL DEFAULT 0,
	waits     INTEGER NOT NULL,
	rank_key  TEXT    NOT NULL,
	open      INTEGER NOT NULL AS (ordered - cancelled - allocated) VIRTUAL,
	CHECK (allocated + cancelled <= ordered),
	CHECK (used - undone <= granted - returned),
	CHECK (waits = (allocated + cancelled < ordered))
) STRICT, WITHOUT ROWID;
-- A decision walks this index and stops when it has given everything; it holds
-- open lines alone, those without a right included, as they are named as passed.
CREATE INDEX line_open ON line (sku, rank_key) WHERE waits = 1;
CREATE INDEX line_order ON line (order_id);

CREATE TABLE inbound (
	id       TEXT    PRIMARY KEY,
	version  INTEGER NOT NULL,
	supplier TEXT    NOT NULL,
	expected TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE inbound_line (
	inbound TEXT    NOT NULL REFERENCES inbound (id),
	n       INTEGER NOT NULL,
	sku     TEXT    NOT NULL,
	qty     INTEGER NOT NULL CHECK (qty >= 1),
	PRIMARY KEY (inbound, n)
) STRICT, WITHOUT ROWID;

-- received is the event that took the pallet in; 0 while it is only announced.
CREATE TABLE pallet (
	sscc     TEXT    PRIMARY KEY CHECK (length(sscc) = 18),
	inbound  TEXT    NOT NULL REFERENCES inbound (id),
	received INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX pallet_inbound ON pallet (inbound);

CREATE TABLE pallet_line (
	sscc TEXT    NOT NULL REFERENCES pallet (sscc) ON DELETE CASCADE,
	n    INTEGER NOT NULL,
	sku  TEXT    NOT NULL,
	qty  INTEGER NOT NULL CHECK (qty >= 1),
	PRIMARY KEY (sscc, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE pallet_elsewhere (
	sscc TEXT PRIMARY KEY CHECK (length(sscc) = 18),
	site TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The serials that were received and not undone, each once within its trade item:
-- the GTIN, or the SKU where no GTIN was read. seq is the event that tells of it;
-- what else a scan took in, and to which lines it gave it, stands there alone.
CREATE TABLE serial (
	trade  TEXT    NOT NULL,
	serial TEXT    NOT NULL CHECK (serial <> ''),
	seq    INTEGER NOT NULL,
	PRIMARY KEY (trade, serial)
) STRICT, WITHOUT ROWID;

-- Goods here that no line holds. Good ones are free stock. since is when the
-- first of the units that are set aside came; 0 for good ones.
CREATE TABLE stock (
	sku         TEXT    NOT NULL,
	disposition TEXT    NOT NULL CHECK (disposition IN ('good', 'damaged', 'hold')),
	qty         INTEGER NOT NULL CHECK (qty >= 0),
	since       INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (sku, disposition)
) STRICT, WITHOUT ROWID;
CREATE INDEX stock_aside ON stock (disposition, qty, since) WHERE disposition <> 'good' AND qty > 0;

-- Scans of codes that named nothing known here, kept until a person says what
-- they are. taken is the event of a later scan of the code, which was known by
-- then and took this one's place; 0 while it waits.
CREATE TABLE unknown (
	seq     INTEGER PRIMARY KEY,
	station TEXT    NOT NULL,
	why     TEXT    NOT NULL CHECK (why IN ('unknown', 'no-asn')),
	code    BLOB    NOT NULL,
	qty     INTEGER NOT NULL,
	at      INTEGER NOT NULL,
	taken   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX unknown_waits ON unknown (code) WHERE taken = 0;
CREATE INDEX unknown_taken ON unknown (taken) WHERE taken > 0;

-- What devices with a memory keep, the newest 64. upload is when the newest upload
-- of it was whole, since the newest event before that; known counts the upload's
-- records that were received before, first is the first of them.
CREATE TABLE memory (
	id      INTEGER PRIMARY KEY,
	station TEXT    NOT NULL,
	upload  INTEGER NOT NULL,
	since   INTEGER NOT NULL,
	known   INTEGER NOT NULL,
	first   INTEGER NOT NULL
) STRICT;

-- The records of a memory in the device's order. n is the place in the newest
-- upload, 0 where that did not bring it; seq the event it was received with, 0
-- where it was not; gap says that something unreadable came before it.
CREATE TABLE upload (
	memory INTEGER NOT NULL,
	place  INTEGER NOT NULL,
	record BLOB    NOT NULL,
	timed  INTEGER NOT NULL,
	gap    INTEGER NOT NULL,
	n      INTEGER NOT NULL,
	seq    INTEGER NOT NULL,
	PRIMARY KEY (memory, place)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX upload_n ON upload (memory, n) WHERE n > 0;
CREATE INDEX upload_timed ON upload (record) WHERE timed = 1;

-- A scanner's place. last is its newest scan that was not undone, made in the
-- process run; proven the newest one whose feedback is known to have been
-- given. next_* are control cards that wait for the next scan, asked is the
-- code of an open question, asked_memory the memory that one is about.
CREATE TABLE station (
	id               TEXT    PRIMARY KEY,
	last             INTEGER NOT NULL DEFAULT 0,
	run              INTEGER NOT NULL DEFAULT 0,
	proven           INTEGER NOT NULL DEFAULT 0,
	asked            BLOB    NOT NULL DEFAULT x'',
	asked_memory     INTEGER NOT NULL DEFAULT 0,
	next_qty         INTEGER NOT NULL DEFAULT 0,
	next_disposition TEXT    NOT NULL DEFAULT '',
	worker           TEXT    NOT NULL DEFAULT '',
	scans            INTEGER NOT NULL DEFAULT 0,
	units            INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- What a person must still carry because of a later decision: PICK from free
-- stock to a line, MOVE from a line to a line, RETURN from a line to stock.
CREATE TABLE task (
	id        INTEGER PRIMARY KEY,
	kind      TEXT    NOT NULL CHECK (kind IN ('PICK', 'MOVE', 'RETURN')),
	sku       TEXT    NOT NULL,
	qty       INTEGER NOT NULL CHECK (qty >= 1),
	from_line TEXT    NOT NULL,
	to_line   TEXT    NOT NULL,
	since     INTEGER NOT NULL
) STRICT;
CREATE INDEX task_sku ON task (sku);
