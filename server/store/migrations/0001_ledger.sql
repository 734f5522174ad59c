-- The ledger: an append-only log. The bytes of an entry are what counts; see ledger/README.md.

-- One row, which whoever appends locks.
CREATE TABLE ledger_head (
	id         SMALLINT PRIMARY KEY CHECK (id = 1),
	size       BIGINT NOT NULL,   -- number of entries
	root       {{blob}} NOT NULL, -- hash of the tree of all entries, 32 bytes
	edge       {{blob}} NOT NULL, -- hashes of the complete subtrees that make up the tree, largest first
	checkpoint TEXT NOT NULL      -- signed note of size and root
);

CREATE TABLE ledger_entries (
	place   {{key}},           -- index in the log, from 0
	entry   {{blob}} NOT NULL, -- the exact bytes that are hashed
	-- What follows is for searching alone.
	at      BIGINT NOT NULL,
	kind    TEXT NOT NULL,
	request TEXT NOT NULL,
	key_id  TEXT NOT NULL,
	person  TEXT NOT NULL
);

CREATE INDEX ledger_entries_kind ON ledger_entries (kind, place);

CREATE INDEX ledger_entries_request ON ledger_entries (request, place);

CREATE INDEX ledger_entries_key ON ledger_entries (key_id, place);

CREATE INDEX ledger_entries_person ON ledger_entries (person, place);

-- The hashes of all complete subtrees: the place is that in its level, plus 2 to the power of 56 for
-- each level. Level 0 has the hashes of the entries.
CREATE TABLE ledger_hashes (
	place {{key}},
	hash  {{blob}} NOT NULL
);

-- Without its row here, nobody can say whose digest is in an entry.
CREATE TABLE ledger_people (
	person TEXT PRIMARY KEY,
	salt   {{blob}} NOT NULL, -- 32 random bytes
	digest TEXT NOT NULL UNIQUE
);

-- One row: the newest checkpoint that witnesses have cosigned.
CREATE TABLE ledger_cosigned (
	id         SMALLINT PRIMARY KEY CHECK (id = 1),
	checkpoint TEXT NOT NULL
);
