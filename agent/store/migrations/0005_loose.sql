-- +goose Up

-- Units that came without a word by what, counted as coming by what is expected first.
ALTER TABLE inbound_sku ADD COLUMN loose INTEGER NOT NULL DEFAULT 0;
