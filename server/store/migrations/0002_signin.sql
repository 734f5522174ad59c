-- Who signs in; see signin/README.md. Sessions, links and codes are here as digests alone.

CREATE TABLE signin_people (
	id      TEXT PRIMARY KEY, -- 26 letters and digits
	issuer  TEXT NOT NULL,
	subject TEXT NOT NULL,
	name    TEXT NOT NULL,
	email   TEXT NOT NULL,
	at      BIGINT NOT NULL, -- of the last sign-in
	UNIQUE (issuer, subject)
);

CREATE TABLE signin_sessions (
	token  TEXT PRIMARY KEY,  -- SHA-256 of what the cookie holds
	person TEXT NOT NULL,     -- id
	sid    TEXT NOT NULL,     -- the provider's id of its session, or empty
	data   {{blob}} NOT NULL, -- who it is, as it was at the sign-in
	until  BIGINT NOT NULL,   -- whatever happens, the session ends then
	idle   BIGINT NOT NULL,   -- microseconds without a request that end it, 0 for none
	seen   BIGINT NOT NULL    -- time of the last request, to within a minute
);

CREATE INDEX signin_sessions_person ON signin_sessions (person);
CREATE INDEX signin_sessions_until ON signin_sessions (until);

CREATE TABLE signin_guests (
	secret   TEXT PRIMARY KEY, -- SHA-256 of what the link holds
	request  TEXT NOT NULL,    -- id
	code     TEXT NOT NULL,    -- HMAC-SHA-256 of the six digits, under what the link holds
	deadline BIGINT NOT NULL,
	wrong    BIGINT NOT NULL,  -- wrong codes so far
	used     SMALLINT NOT NULL
);

CREATE INDEX signin_guests_request ON signin_guests (request);
CREATE INDEX signin_guests_deadline ON signin_guests (deadline);

-- Logout tokens that were taken, so that none is taken twice.
CREATE TABLE signin_logouts (
	jti   TEXT PRIMARY KEY, -- SHA-256 of the token's id
	until BIGINT NOT NULL   -- the token is not valid any more then
);

CREATE INDEX signin_logouts_until ON signin_logouts (until);
