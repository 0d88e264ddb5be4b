-- +goose Up
-- The life that the process welcomed last had when its present one was minted for it.
ALTER TABLE site ADD COLUMN instead TEXT NOT NULL DEFAULT '';

-- Processes that were fenced as clones of a site's database. One that a person
-- admitted may take the place of the process that is there.
CREATE TABLE clone (
    site        TEXT   NOT NULL REFERENCES site (site),
    nonce       TEXT   NOT NULL,
    incarnation TEXT   NOT NULL, -- the life that it speaks from; '' where it has none
    at          BIGINT NOT NULL, -- when it was heard last
    admitted    BIGINT NOT NULL DEFAULT 0, -- when; 0: no person has decided
    PRIMARY KEY (site, nonce)
);

-- Lives of the centre before the present one: its own, and those that sites followed.
CREATE TABLE centre_before (
    incarnation TEXT   NOT NULL PRIMARY KEY,
    ended       BIGINT NOT NULL -- when the present one learned of it
);

-- Lives of sites that a centre which was put back to an older copy waits for. While
-- there is one, nothing is granted and no cancel settles.
CREATE TABLE awaited (
    site        TEXT   NOT NULL,
    incarnation TEXT   NOT NULL,
    since       BIGINT NOT NULL,
    PRIMARY KEY (site, incarnation)
);

-- Rights of a lost life of which a person said that no unit was given by them.
ALTER TABLE register ADD COLUMN attested BIGINT NOT NULL DEFAULT 0;

-- What people decided about sites, for good.
CREATE TABLE audit (
    site   TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    act    TEXT   NOT NULL,
    about  TEXT   NOT NULL,
    person TEXT   NOT NULL,
    reason TEXT   NOT NULL,
    PRIMARY KEY (site, at, act, about)
);

-- +goose Down
ALTER TABLE register DROP COLUMN attested;
DROP TABLE awaited;
DROP TABLE centre_before;
DROP TABLE audit;
DROP TABLE clone;
ALTER TABLE site DROP COLUMN instead;
