-- +goose Up

-- What is to be filled whole and is not, for the site's page: lines of class win.
CREATE INDEX line_short ON line (class, id) WHERE class = 1 AND waits = 1;
