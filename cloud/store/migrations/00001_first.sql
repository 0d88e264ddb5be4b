-- +goose Up
-- Times are nanoseconds since 1970 UTC, quantities base units, hashes 32 bytes.
-- What a site writes is keyed by site first, so that the tables partition.
CREATE TABLE centre (
    one         BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    incarnation TEXT   NOT NULL,
    minted      BIGINT NOT NULL
);

CREATE TABLE site (
    site        TEXT   NOT NULL PRIMARY KEY,
    incarnation TEXT   NOT NULL DEFAULT '', -- the present life; '' before the first
    run         BIGINT NOT NULL DEFAULT 0,  -- of the process welcomed last
    nonce       TEXT   NOT NULL DEFAULT '',
    commands    BIGINT NOT NULL DEFAULT 0,  -- number of the last command written for this life
    applied     BIGINT NOT NULL DEFAULT 0,  -- number of the last command applied there
    supplied    TEXT   NOT NULL DEFAULT '', -- the life that was sent all it must know
    head        BIGINT NOT NULL DEFAULT 0,  -- newest event of this life, as told
    last_seen   BIGINT NOT NULL DEFAULT 0,
    fenced      TEXT   NOT NULL DEFAULT '',
    fenced_text TEXT   NOT NULL DEFAULT '',
    program     TEXT   NOT NULL DEFAULT '',
    scans       BIGINT NOT NULL DEFAULT 0,
    units       BIGINT NOT NULL DEFAULT 0,  -- good units received and not undone
    allocated   BIGINT NOT NULL DEFAULT 0,  -- of those, given to lines now
    clock_off   BIGINT NOT NULL DEFAULT 0   -- by how much its clock runs ahead, as far as that shows; negative: behind
);

CREATE TABLE incarnation (
    site        TEXT   NOT NULL REFERENCES site (site),
    incarnation TEXT   NOT NULL,
    minted      BIGINT NOT NULL,
    nonce       TEXT   NOT NULL, -- of the process that asked for it
    seq         BIGINT NOT NULL, -- last event stored, and the chain's hash there
    hash        BLOB   NOT NULL,
    PRIMARY KEY (site, incarnation)
);

CREATE TABLE event (
    site        TEXT   NOT NULL,
    incarnation TEXT   NOT NULL,
    seq         BIGINT NOT NULL,
    hash        BLOB   NOT NULL,
    stored_at   BIGINT NOT NULL,
    body        BLOB   NOT NULL, -- the site's bytes, never written anew
    PRIMARY KEY (site, incarnation, seq)
);

CREATE TABLE recent (
    site        TEXT   NOT NULL,
    incarnation TEXT   NOT NULL,
    seq         BIGINT NOT NULL,
    stored_at   BIGINT NOT NULL,
    PRIMARY KEY (site, incarnation, seq)
);
CREATE INDEX recent_by_time ON recent (stored_at);

CREATE TABLE poison (
    site        TEXT   NOT NULL,
    incarnation TEXT   NOT NULL,
    seq         BIGINT NOT NULL,
    reason      TEXT   NOT NULL,
    PRIMARY KEY (site, incarnation, seq)
);

CREATE TABLE poison_line (
    site        TEXT   NOT NULL,
    incarnation TEXT   NOT NULL,
    line        TEXT   NOT NULL,
    seq         BIGINT NOT NULL, -- the first event that the line waits for
    PRIMARY KEY (site, incarnation, line)
);

CREATE TABLE quarantine (
    site        TEXT   NOT NULL,
    incarnation TEXT   NOT NULL,
    seq         BIGINT NOT NULL,
    hash        BLOB   NOT NULL,
    nonce       TEXT   NOT NULL, -- of the process that told this other history
    stored_at   BIGINT NOT NULL,
    body        BLOB   NOT NULL,
    PRIMARY KEY (site, incarnation, seq, hash)
);

-- What is set aside until people decide: units of a SKU, or a code that named
-- nothing known there (in hexadecimal, as text holds no NUL). taken is the event,
-- of the life taken_by, that took the code's units in once it was known; 0 while
-- it waits. What people decided about units leaves less of them, and then no row.
CREATE TABLE held (
    site        TEXT   NOT NULL,
    incarnation TEXT   NOT NULL,
    seq         BIGINT NOT NULL,
    n           BIGINT NOT NULL,
    why         TEXT   NOT NULL, -- unknown, no-asn, surplus, on-hold or damaged
    sku         TEXT   NOT NULL, -- '' for a code
    code        TEXT   NOT NULL, -- '' for units of a SKU
    inbound     TEXT   NOT NULL, -- of surplus
    qty         BIGINT NOT NULL,
    at          BIGINT NOT NULL, -- the site's clock
    taken_by    TEXT   NOT NULL DEFAULT '',
    taken       BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (site, incarnation, seq, n)
);
CREATE INDEX held_by_code ON held (site, code) WHERE code <> '';
CREATE INDEX held_by_sku ON held (site, sku, why) WHERE sku <> '';
CREATE INDEX held_by_taken ON held (site, taken_by, taken) WHERE taken > 0;

CREATE TABLE item (
    sku         TEXT NOT NULL PRIMARY KEY,
    description TEXT NOT NULL,
    putaway     TEXT NOT NULL
);

CREATE TABLE gtin (
    gtin TEXT   NOT NULL PRIMARY KEY,
    sku  TEXT   NOT NULL REFERENCES item (sku),
    qty  BIGINT NOT NULL
);
CREATE INDEX gtin_by_sku ON gtin (sku);

-- SKUs that may serve the lines of another one, in the order of the item.
CREATE TABLE substitute (
    sku    TEXT   NOT NULL REFERENCES item (sku),
    n      BIGINT NOT NULL,
    stands TEXT   NOT NULL,
    PRIMARY KEY (sku, n)
);

-- What a person said a code is that names nothing known at a site (the code in
-- hexadecimal).
CREATE TABLE alias (
    site TEXT   NOT NULL REFERENCES site (site),
    code TEXT   NOT NULL,
    sku  TEXT   NOT NULL,
    qty  BIGINT NOT NULL,
    PRIMARY KEY (site, code)
);

-- Every policy that ever was in force here. The one that is now has the highest
-- activation.
CREATE TABLE policy (
    version    TEXT   NOT NULL PRIMARY KEY,
    body       BLOB   NOT NULL, -- JSON, as sites are told
    activation BIGINT NOT NULL UNIQUE,
    activated  BIGINT NOT NULL
);

CREATE TABLE orders (
    id            TEXT   NOT NULL PRIMARY KEY,
    version       BIGINT NOT NULL, -- of the order system
    told          BIGINT NOT NULL, -- under which sites know it: what a person changes here counts too
    site          TEXT   NOT NULL REFERENCES site (site),
    customer      TEXT   NOT NULL,
    customer_name TEXT   NOT NULL,
    segment       TEXT   NOT NULL,
    override_rank BIGINT NOT NULL,
    class         TEXT   NOT NULL,
    contract      BIGINT NOT NULL,
    tier          BIGINT NOT NULL,
    accepted      BIGINT NOT NULL,
    promised      TEXT   NOT NULL,
    requested     TEXT   NOT NULL,
    ship          TEXT   NOT NULL,
    door          TEXT   NOT NULL
);
CREATE INDEX orders_by_site ON orders (site);

-- What the order system said of an order where a person changed it here. A value
-- that it says again does not undo the change.
CREATE TABLE order_said (
    id            TEXT   NOT NULL PRIMARY KEY REFERENCES orders (id),
    override_rank BIGINT NOT NULL,
    class         TEXT   NOT NULL,
    contract      BIGINT NOT NULL,
    tier          BIGINT NOT NULL,
    promised      TEXT   NOT NULL
);

CREATE TABLE line (
    id        TEXT   NOT NULL PRIMARY KEY,
    order_id  TEXT   NOT NULL REFERENCES orders (id),
    line      TEXT   NOT NULL,
    site      TEXT   NOT NULL, -- home of the order
    customer  TEXT   NOT NULL,
    accepted  BIGINT NOT NULL,
    sku       TEXT   NOT NULL,
    pack      BIGINT NOT NULL, -- the line takes whole packs of so many; 0: any
    min_life  BIGINT NOT NULL, -- days that goods must have left
    ordered   BIGINT NOT NULL, -- the most that any version wanted
    wanted    BIGINT NOT NULL, -- by the newest version
    effective BIGINT NOT NULL, -- wanted, or what sites still hold while a cancel is pending
    allocated BIGINT NOT NULL, -- all that it holds, what follows included
    picked    BIGINT NOT NULL, -- carried, not staged yet
    staged    BIGINT NOT NULL, -- shipped ones included
    shipped   BIGINT NOT NULL,
    open      BIGINT NOT NULL, -- effective - allocated
    owed      BIGINT NOT NULL  -- 1 while open is more than 0: the index on it holds still while units are given
);
CREATE INDEX line_by_order ON line (order_id);
CREATE INDEX line_owed ON line (accepted, id) WHERE owed = 1;

CREATE TABLE register (
    site        TEXT   NOT NULL,
    incarnation TEXT   NOT NULL,
    line        TEXT   NOT NULL,
    granted     BIGINT NOT NULL,
    used        BIGINT NOT NULL,
    undone      BIGINT NOT NULL,
    returned    BIGINT NOT NULL,
    PRIMARY KEY (site, incarnation, line)
);
CREATE INDEX register_by_line ON register (line);

CREATE TABLE inbound (
    id        TEXT   NOT NULL PRIMARY KEY,
    version   BIGINT NOT NULL,
    site      TEXT   NOT NULL REFERENCES site (site),
    supplier  TEXT   NOT NULL,
    expected  TEXT   NOT NULL,
    tolerance BIGINT NOT NULL, -- percent above what is announced that count as usual; -1: as the policy says
    closed    BIGINT NOT NULL  -- 1: nothing more comes by it
);
CREATE INDEX inbound_by_site ON inbound (site);

CREATE TABLE inbound_line (
    inbound TEXT   NOT NULL REFERENCES inbound (id),
    n       BIGINT NOT NULL,
    sku     TEXT   NOT NULL,
    qty     BIGINT NOT NULL,
    PRIMARY KEY (inbound, n)
);

CREATE TABLE pallet_line (
    sscc    TEXT   NOT NULL,
    n       BIGINT NOT NULL,
    inbound TEXT   NOT NULL REFERENCES inbound (id),
    sku     TEXT   NOT NULL,
    qty     BIGINT NOT NULL,
    PRIMARY KEY (sscc, n)
);
CREATE INDEX pallet_line_by_inbound ON pallet_line (inbound);

CREATE TABLE command (
    site   TEXT   NOT NULL,
    centre TEXT   NOT NULL, -- incarnation of the centre that wrote it
    n      BIGINT NOT NULL,
    body   BLOB   NOT NULL,
    PRIMARY KEY (site, centre, n)
);

-- +goose Down
DROP TABLE command;
DROP TABLE pallet_line;
DROP TABLE inbound_line;
DROP TABLE inbound;
DROP TABLE register;
DROP TABLE line;
DROP TABLE order_said;
DROP TABLE orders;
DROP TABLE policy;
DROP TABLE alias;
DROP TABLE substitute;
DROP TABLE gtin;
DROP TABLE item;
DROP TABLE quarantine;
DROP TABLE poison_line;
DROP TABLE poison;
DROP TABLE held;
DROP TABLE recent;
DROP TABLE event;
DROP TABLE incarnation;
DROP TABLE site;
DROP TABLE centre;
