-- Imported keys, reminders of their expiry, and calendar feeds. See requests/README.md and
-- reminders/README.md.

-- One row for each CMK that has imported material. What is known of the material besides is in the
-- request that brought it.
CREATE TABLE imported_keys (
	region     TEXT NOT NULL,
	key_id     TEXT NOT NULL,
	request    TEXT NOT NULL,   -- that brought the material that is there now
	imported   BIGINT NOT NULL,
	expires    BIGINT NOT NULL, -- 9223372036854775807 means never
	kcv        TEXT NOT NULL,
	commitment TEXT NOT NULL,
	drilled    BIGINT NOT NULL, -- the last drill, 0 for none
	proved     BIGINT NOT NULL, -- when the backup was last known to be right: by the import, or by a drill
	drill      TEXT NOT NULL,   -- the last request for a drill, or empty
	again_at   BIGINT NOT NULL, -- until then the console asks for no other drill by itself
	renewal    TEXT NOT NULL,   -- the last request to import again, or empty
	remind     BIGINT NOT NULL, -- when somebody may have to be reminded next
	search     TEXT NOT NULL,   -- what a search looks through, in lower case
	PRIMARY KEY (region, key_id)
);

CREATE INDEX imported_keys_expires ON imported_keys (expires, region, key_id);
CREATE INDEX imported_keys_proved ON imported_keys (proved);
CREATE INDEX imported_keys_remind ON imported_keys (remind);

-- Whether an imported request is known to imported_keys.
ALTER TABLE requests ADD COLUMN keyed SMALLINT NOT NULL DEFAULT 0;

CREATE INDEX requests_unkeyed ON requests (id) WHERE state = 'imported' AND keyed = 0;

-- The groups of a person at the last sign-in, as a JSON list: who may be reminded to approve.
ALTER TABLE signin_people ADD COLUMN in_groups TEXT NOT NULL DEFAULT '[]';

-- Messages that have to be sent, and those that were.
CREATE TABLE outbox (
	id       TEXT PRIMARY KEY, -- digest of topic, what is due when, and the lead time
	topic    TEXT NOT NULL,    -- digest of what the message is about, and its recipient
	day      BIGINT NOT NULL,  -- when it was made, in days since 1970
	channel  TEXT NOT NULL,    -- mail, or the name of a webhook
	address  TEXT NOT NULL,    -- of a mail; empty once it was sent
	body     TEXT NOT NULL,    -- JSON; empty once it was sent
	made     BIGINT NOT NULL,
	due      BIGINT NOT NULL,  -- when it is sent, or tried again; 0 when nothing is left to do
	keep     BIGINT NOT NULL,  -- the row stays until then, so that nobody is told twice
	attempts BIGINT NOT NULL,
	tried    BIGINT NOT NULL,  -- when the last attempt began, 0 for none
	holder   TEXT NOT NULL,    -- the console that sends it now, or empty
	sent     BIGINT NOT NULL,  -- 0 for not
	problem  TEXT NOT NULL,    -- why the last attempt failed, without an address
	UNIQUE (topic, day)
);

CREATE INDEX outbox_due ON outbox (due);
CREATE INDEX outbox_keep ON outbox (keep);

-- Addresses of calendars, by their digest alone.
CREATE TABLE calendar_feeds (
	secret   TEXT PRIMARY KEY, -- SHA-256 of what the address holds
	id       TEXT NOT NULL UNIQUE, -- 26 letters and digits, for revoking it
	owner    TEXT NOT NULL,    -- id of a person
	person   TEXT NOT NULL,    -- JSON: who it shows keys as
	team     TEXT NOT NULL,    -- the group that it is for, or empty for the person
	language TEXT NOT NULL,
	made     BIGINT NOT NULL,
	until    BIGINT NOT NULL,
	read     BIGINT NOT NULL   -- when it was last fetched, to the hour; 0 for never
);

CREATE INDEX calendar_feeds_owner ON calendar_feeds (owner);
