-- Which data folder the holder of the writer lease has locked: the id in its file meterbook.id, '' for none.

ALTER TABLE writer_lease ADD COLUMN folder {text};
