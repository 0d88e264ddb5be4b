-- +goose Up
-- The house is the same in every copy of the database, so that what lies outside of it
-- (the rights witness) can tell whose it is. witnessed is the number of the witness's
-- last record when this row was written; 0: it keeps none. A copy that was made as a
-- backup carries restored, until the centre that is put back to it has begun anew.
ALTER TABLE centre ADD COLUMN house     TEXT   NOT NULL DEFAULT '';
ALTER TABLE centre ADD COLUMN witnessed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE centre ADD COLUMN restored  BIGINT NOT NULL DEFAULT 0;
ALTER TABLE centre ADD COLUMN backed_up BIGINT NOT NULL DEFAULT 0; -- when the newest backup was begun; 0: none was ever made

-- How far a life's log is in a backup too.
ALTER TABLE incarnation ADD COLUMN safe_seq  BIGINT NOT NULL DEFAULT 0;
ALTER TABLE incarnation ADD COLUMN safe_hash BLOB;

-- When a person declared the site's present database lost; 0: none did since.
ALTER TABLE site ADD COLUMN lost BIGINT NOT NULL DEFAULT 0;

-- Rights that the centre wants back: what the life returned shall reach target.
CREATE TABLE reclaim (
    site        TEXT   NOT NULL,
    incarnation TEXT   NOT NULL,
    line        TEXT   NOT NULL,
    target      BIGINT NOT NULL,
    PRIMARY KEY (site, incarnation, line)
);

-- What a person stated that a lost life gave to a line in all.
CREATE TABLE attestation (
    site        TEXT   NOT NULL,
    incarnation TEXT   NOT NULL,
    line        TEXT   NOT NULL,
    allocated   BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    person      TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    PRIMARY KEY (site, incarnation, line)
);

-- What happened between the centre and a site, as far as it is not a beat.
CREATE TABLE journal (
    site        TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    what        TEXT   NOT NULL,
    incarnation TEXT   NOT NULL,
    about       TEXT   NOT NULL,
    PRIMARY KEY (site, at, what, about)
);

-- +goose Down
DROP TABLE journal;
DROP TABLE attestation;
DROP TABLE reclaim;
ALTER TABLE site DROP COLUMN lost;
ALTER TABLE incarnation DROP COLUMN safe_hash;
ALTER TABLE incarnation DROP COLUMN safe_seq;
ALTER TABLE centre DROP COLUMN backed_up;
ALTER TABLE centre DROP COLUMN restored;
ALTER TABLE centre DROP COLUMN witnessed;
ALTER TABLE centre DROP COLUMN house;
