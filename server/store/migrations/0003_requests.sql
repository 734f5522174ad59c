-- Import requests. The body is JSON and is what counts; the columns beside it are for searching.

CREATE TABLE requests (
	id      TEXT PRIMARY KEY,
	version BIGINT NOT NULL,
	state   TEXT NOT NULL,
	created BIGINT NOT NULL,
	wake    BIGINT NOT NULL, -- when the console has to look at it by itself; 0 means never
	search  TEXT NOT NULL,   -- what a search looks through, in lower case
	body    TEXT NOT NULL
);

CREATE INDEX requests_created ON requests (created, id);
CREATE INDEX requests_state ON requests (state, created, id);
CREATE INDEX requests_wake ON requests (wake);

-- Whom a request concerns: person:, email:, group: or anyone, and as what.
CREATE TABLE request_parties (
	party   TEXT NOT NULL,
	role    TEXT NOT NULL, -- requester, importer; approver only while approvals are waited for
	created BIGINT NOT NULL, -- of the request
	request TEXT NOT NULL,
	PRIMARY KEY (request, role, party)
);

CREATE INDEX request_parties_party ON request_parties (party, created, request);

-- Import tokens that were issued, by their digest alone. Gone when the request ends.
CREATE TABLE request_tokens (
	token_sha256        TEXT PRIMARY KEY,
	request             TEXT NOT NULL,
	person              TEXT NOT NULL,
	algorithm           TEXT NOT NULL,
	wrapping_key_sha256 TEXT NOT NULL,
	expires             BIGINT NOT NULL
);

CREATE INDEX request_tokens_request ON request_tokens (request);

-- What only the KMS can open. Gone when the request ends.
CREATE TABLE request_sealed (
	request                TEXT PRIMARY KEY,
	encrypted_key_material TEXT NOT NULL,
	import_token           TEXT NOT NULL
);

CREATE TABLE request_events (
	request TEXT NOT NULL,
	number  BIGINT NOT NULL, -- from 1
	at      BIGINT NOT NULL,
	what    TEXT NOT NULL,
	person  TEXT NOT NULL,
	name    TEXT NOT NULL,
	detail  TEXT NOT NULL,
	entry   BIGINT NOT NULL, -- index in the ledger, -1 for none
	PRIMARY KEY (request, number)
);
