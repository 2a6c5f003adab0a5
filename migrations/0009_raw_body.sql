-- The body of an outside fact where it is no text (not UTF-8, or with a NUL); `body` is '' then. Rows with a text are as
-- they were.

ALTER TABLE inbox ADD COLUMN raw_body {blob};
