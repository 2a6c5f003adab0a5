-- What a bill line is about, in full: which of the document's charges besides the energy, and which of its base prices.

ALTER TABLE bill_line ADD COLUMN item_index {i64};
ALTER TABLE bill_line ADD COLUMN price_set {i64};
