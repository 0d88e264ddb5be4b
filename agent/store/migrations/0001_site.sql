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
	policy         TEXT    NOT NULL DEFAULT '', -- JSON as it travels; '' is the default one
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

-- What may serve the lines of a SKU beside its own goods, in this order.
CREATE TABLE substitute (
	sku   TEXT    NOT NULL REFERENCES item (sku),
	n     INTEGER NOT NULL,
	other TEXT    NOT NULL,
	PRIMARY KEY (sku, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX substitute_other ON substitute (other, sku);

CREATE TABLE gtin (
	gtin TEXT    PRIMARY KEY CHECK (length(gtin) = 14),
	sku  TEXT    NOT NULL REFERENCES item (sku),
	qty  INTEGER NOT NULL CHECK (qty BETWEEN 1 AND 1000000)
) STRICT, WITHOUT ROWID;
CREATE INDEX gtin_sku ON gtin (sku);

-- Orders and lines have a number beside their name: rows of this size are found
-- in fewer pages by it, and so are those that an index leads to.
CREATE TABLE orders (
	n             INTEGER PRIMARY KEY,
	id            TEXT    NOT NULL UNIQUE,
	version       INTEGER NOT NULL,
	customer      TEXT    NOT NULL,
	customer_name TEXT    NOT NULL,
	segment       TEXT    NOT NULL,
	override      INTEGER NOT NULL,
	class         TEXT    NOT NULL,
	contract      INTEGER NOT NULL,
	tier          INTEGER NOT NULL,
	accepted      TEXT    NOT NULL,
	promised      TEXT    NOT NULL,
	requested     TEXT    NOT NULL,
	ship          TEXT    NOT NULL CHECK (ship IN ('partial', 'line', 'order')),
	door          TEXT    NOT NULL
) STRICT;

-- What a customer wants of one SKU, what it got, and the right registers of this
-- life. The checks are the last barrier behind the rules in the code.
--
-- The columns from waits on are derived, for the indexes alone: flags stay as they
-- are while a line merely fills, so that a scan writes no index. class, segment and
-- ship are the order's; class is 1 for the best one.
--   waits    whether anything is open
--   can      whether the line can take what it takes at once, by open units and right
--   least    how many units it takes at once
--   whole    under gate mode skip, of a gated line: what it lacks; else 0
--   gathers  whether it has a gate that is not open: units of it, or with ship
--            "order" of its order, are missing
--   holds    0 where it holds nothing loose, else a sum: 1 loose, 2 some of it may be
--            taken by others, 4 it gathers, 8 class redistribute, 16 fill or lose
--   rank_key sorts as the policy ranks; under fair share the band goes before it
--   share    under fair share the band and what the line has got of its share; else ''
--   turn     sorts as lines are served
-- rank_key and share of a line that neither waits nor holds may be old; they are
-- written when it does so again.
CREATE TABLE line (
	n          INTEGER PRIMARY KEY,
	id         TEXT    NOT NULL UNIQUE,
	order_n    INTEGER NOT NULL REFERENCES orders (n),
	sku        TEXT    NOT NULL,
	pack       INTEGER NOT NULL CHECK (pack >= 0),
	min_life   INTEGER NOT NULL CHECK (min_life >= 0),
	ordered    INTEGER NOT NULL DEFAULT 0 CHECK (ordered >= 0),
	cancelled  INTEGER NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
	allocated  INTEGER NOT NULL DEFAULT 0 CHECK (allocated >= 0),
	picked     INTEGER NOT NULL DEFAULT 0 CHECK (picked >= 0),
	staged     INTEGER NOT NULL DEFAULT 0,
	shipped    INTEGER NOT NULL DEFAULT 0 CHECK (shipped BETWEEN 0 AND staged),
	guaranteed INTEGER NOT NULL DEFAULT 0 CHECK (guaranteed BETWEEN 0 AND allocated),
	excess     INTEGER NOT NULL DEFAULT 0 CHECK (excess BETWEEN 0 AND picked + staged),
	granted    INTEGER NOT NULL DEFAULT 0,
	used       INTEGER NOT NULL DEFAULT 0,
	undone     INTEGER NOT NULL DEFAULT 0 CHECK (undone <= used),
	returned   INTEGER NOT NULL DEFAULT 0,
	segment    TEXT    NOT NULL,
	ship       TEXT    NOT NULL,
	class      INTEGER NOT NULL CHECK (class BETWEEN 1 AND 5),
	waits      INTEGER NOT NULL DEFAULT 0,
	can        INTEGER NOT NULL DEFAULT 0,
	least      INTEGER NOT NULL AS (max(1, pack)) STORED,
	whole      INTEGER NOT NULL DEFAULT 0,
	gathers    INTEGER NOT NULL DEFAULT 0,
	holds      INTEGER NOT NULL DEFAULT 0,
	rank_key   TEXT    NOT NULL DEFAULT '',
	share      TEXT    NOT NULL DEFAULT '',
	turn       TEXT    NOT NULL AS (share || rank_key) VIRTUAL,
	open       INTEGER NOT NULL AS (ordered - cancelled - allocated) VIRTUAL,
	takes      INTEGER NOT NULL AS (max(0, min(open, granted - returned - used + undone))) VIRTUAL,
	CHECK (picked + staged <= allocated),
	CHECK (allocated + cancelled <= ordered),
	CHECK (used - undone <= granted - returned),
	CHECK (waits = (allocated + cancelled < ordered)),
	CHECK (can = (takes >= least)),
	CHECK ((holds > 0) = (allocated > picked + staged)),
	CHECK ((holds & 2 > 0) = (allocated > max(picked + staged, guaranteed))),
	CHECK (holds = 0 OR (holds & 4 > 0) = gathers)
) STRICT;
CREATE INDEX line_order ON line (order_n, id);
CREATE INDEX line_order_open ON line (order_n, sku) WHERE waits = 1;
-- Who waits, in the order of being served; lines without a right included, as a
-- decision names them as passed.
CREATE INDEX line_open ON line (sku, turn) WHERE waits = 1;
CREATE INDEX line_open_segment ON line (sku, segment, turn) WHERE waits = 1 AND segment <> '';
-- Who can take something: a decision skips through the few different values of the
-- columns before turn and merges their ranges.
CREATE INDEX line_can ON line (sku, class, least, whole, min_life, turn) WHERE can = 1;
CREATE INDEX line_can_segment ON line (sku, segment, class, least, whole, min_life, turn) WHERE can = 1 AND segment <> '';
-- Whose order's other goods may follow, under gate mode skip.
CREATE INDEX line_together ON line (sku) WHERE can = 1 AND ship = 'order';
-- From whom units may be taken.
CREATE INDEX line_holds ON line (sku, holds, rank_key) WHERE holds > 0;
CREATE INDEX line_guaranteed ON line (segment, sku, guaranteed) WHERE guaranteed > 0;

-- The batches that lines hold in the house. Of plain goods, of which nothing but
-- the line's own SKU is known, there is no row: they are what the others leave.
CREATE TABLE held (
	line   INTEGER NOT NULL REFERENCES line (n),
	expiry TEXT    NOT NULL,
	sku    TEXT    NOT NULL,
	lot    TEXT    NOT NULL,
	trade  TEXT    NOT NULL,
	serial TEXT    NOT NULL,
	qty    INTEGER NOT NULL CHECK (qty >= 0),
	bound  INTEGER NOT NULL CHECK (bound BETWEEN 0 AND qty),
	PRIMARY KEY (line, expiry, sku, lot, trade, serial)
) STRICT, WITHOUT ROWID;

CREATE TABLE inbound (
	id        TEXT    PRIMARY KEY,
	version   INTEGER NOT NULL,
	supplier  TEXT    NOT NULL,
	expected  TEXT    NOT NULL,
	tolerance INTEGER,          -- percent; NULL is the policy's
	closed    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What an inbound announces and has brought of a SKU, whatever its disposition.
-- awaited is whether it is open and has not brought all.
CREATE TABLE inbound_sku (
	inbound   TEXT    NOT NULL REFERENCES inbound (id),
	sku       TEXT    NOT NULL,
	announced INTEGER NOT NULL DEFAULT 0,
	received  INTEGER NOT NULL DEFAULT 0,
	awaited   INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (inbound, sku)
) STRICT, WITHOUT ROWID;
CREATE INDEX inbound_sku_awaited ON inbound_sku (sku) WHERE awaited = 1;

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

-- The serials in the house, each once within its trade item: the GTIN, or the SKU
-- where no GTIN was read. seq is the event that tells of it; qty its base units, as
-- a case may have a serial too.
CREATE TABLE serial (
	trade  TEXT    NOT NULL,
	serial TEXT    NOT NULL CHECK (serial <> ''),
	seq    INTEGER NOT NULL,
	qty    INTEGER NOT NULL CHECK (qty >= 0),
	PRIMARY KEY (trade, serial)
) STRICT, WITHOUT ROWID;

-- Goods here that no line holds, by shelf and batch; what is used up has no row.
-- inbound is set for surplus alone. since is when the first of the units that are
-- set aside came; 0 for free ones. An expiry of 9999-99-99 is none.
CREATE TABLE stock (
	sku     TEXT    NOT NULL,
	shelf   TEXT    NOT NULL CHECK (shelf IN ('free', 'damaged', 'hold', 'surplus')),
	expiry  TEXT    NOT NULL,
	lot     TEXT    NOT NULL,
	trade   TEXT    NOT NULL,
	serial  TEXT    NOT NULL,
	inbound TEXT    NOT NULL,
	qty     INTEGER NOT NULL CHECK (qty >= 0),
	since   INTEGER NOT NULL,
	PRIMARY KEY (sku, shelf, expiry, lot, trade, serial, inbound)
) STRICT, WITHOUT ROWID;
CREATE INDEX stock_aside ON stock (shelf, sku, qty, since) WHERE shelf <> 'free';
CREATE INDEX stock_surplus ON stock (inbound, sku, expiry, lot, trade, serial) WHERE shelf = 'surplus';

-- Scans of codes that named nothing known here, kept until a person says what
-- they are. mapped is the event that received what was kept; 0 while it waits.
CREATE TABLE unknown (
	seq     INTEGER PRIMARY KEY,
	station TEXT    NOT NULL,
	why     TEXT    NOT NULL CHECK (why IN ('unknown', 'no-asn')),
	code    BLOB    NOT NULL,
	qty     INTEGER NOT NULL,
	at      INTEGER NOT NULL,
	mapped  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX unknown_waits ON unknown (code) WHERE mapped = 0;

-- What a person said that a code stands for: qty base units of a SKU each time.
CREATE TABLE alias (
	code BLOB    PRIMARY KEY,
	sku  TEXT    NOT NULL,
	qty  INTEGER NOT NULL CHECK (qty BETWEEN 1 AND 1000000)
) STRICT, WITHOUT ROWID;

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
