-- The ledger: an append-only log. The bytes of an entry are what counts; see ledger/README.md.

CREATE TABLE ledger_head (
	id   SMALLINT PRIMARY KEY CHECK (id = 1), -- one row, locked by whoever appends
	size BIGINT NOT NULL,                     -- number of entries
	root {{blob}} NOT NULL                    -- 32 bytes
);

CREATE TABLE ledger_entries (
	place   BIGINT PRIMARY KEY, -- index in the log, from 0
	entry   {{blob}} NOT NULL,  -- the exact bytes that are hashed
	-- What follows is for searching alone.
	at      BIGINT NOT NULL,
	kind    TEXT NOT NULL,
	request TEXT NOT NULL,
	region  TEXT NOT NULL,
	key_id  TEXT NOT NULL,
	person  TEXT NOT NULL
);

CREATE INDEX ledger_entries_request ON ledger_entries (request, place);
CREATE INDEX ledger_entries_key ON ledger_entries (key_id, place);
CREATE INDEX ledger_entries_kind ON ledger_entries (kind, place);
CREATE INDEX ledger_entries_person ON ledger_entries (person, place);

-- Tiles of hashes, each with the hashes of 1 to 256 nodes of one level.
CREATE TABLE ledger_tiles (
	level BIGINT NOT NULL,
	place BIGINT NOT NULL, -- of the tile in its level
	width BIGINT NOT NULL, -- number of hashes
	hashes {{blob}} NOT NULL,
	PRIMARY KEY (level, place)
);

-- The salts of people: without the row, nobody can say whose digest an entry holds.
CREATE TABLE ledger_people (
	person TEXT PRIMARY KEY, -- id
	salt   {{blob}} NOT NULL, -- 32 random bytes
	digest TEXT NOT NULL UNIQUE
);
