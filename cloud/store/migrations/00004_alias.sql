-- +goose Up
-- In what order codes were mapped at a site: of two labels of the same goods the
-- last word holds, and a new life of the site is told them in this order.
ALTER TABLE alias ADD COLUMN said BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE alias DROP COLUMN said;
