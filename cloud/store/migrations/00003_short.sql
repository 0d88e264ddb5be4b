-- +goose Up
-- The orders whose lines are to be filled whole: what they lack is told apart.
CREATE INDEX orders_win ON orders (id) WHERE class = 'win';

-- +goose Down
DROP INDEX orders_win;
