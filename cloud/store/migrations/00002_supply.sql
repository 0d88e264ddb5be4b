-- +goose Up
-- What came by an announcement, of whatever state, less what was undone: named is
-- what scans said came by it, loose what came without a name while it was the one
-- expected next.
CREATE TABLE arrival (
    inbound TEXT   NOT NULL,
    sku     TEXT   NOT NULL,
    named   BIGINT NOT NULL,
    loose   BIGINT NOT NULL,
    PRIMARY KEY (inbound, sku)
);

-- What lies free at a site, as its life tells it.
CREATE TABLE free_stock (
    site        TEXT   NOT NULL,
    incarnation TEXT   NOT NULL,
    sku         TEXT   NOT NULL,
    expiry      TEXT   NOT NULL, -- '' where the goods have none
    qty         BIGINT NOT NULL,
    PRIMARY KEY (site, incarnation, sku, expiry)
);
CREATE INDEX free_stock_by_sku ON free_stock (sku);

CREATE INDEX line_by_sku ON line (sku, owed);
CREATE INDEX inbound_line_by_sku ON inbound_line (sku);
CREATE INDEX pallet_line_by_sku ON pallet_line (sku);
CREATE INDEX substitute_by_stands ON substitute (stands);

-- +goose Down
DROP INDEX substitute_by_stands;
DROP INDEX pallet_line_by_sku;
DROP INDEX inbound_line_by_sku;
DROP INDEX line_by_sku;
DROP TABLE free_stock;
DROP TABLE arrival;
