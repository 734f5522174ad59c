package monitor

// Content is what was caught there.
func (p Place) Content() []byte { return p.content }

// Ends are the addresses between which a stream went.
func (s stream) Ends() (from, to string) { return s.from, s.to }

// LocalKMSs are the addresses of all local KMSs inside, such as 127.0.0.1:40123.
func (h *Run) LocalKMSs() []string { return h.every }

// Openers are the addresses to which consoles send their calls.
func (h *Run) Openers() []string { return h.openers }

// Reader is the address of the page that reads the clipboard.
func (h *Run) Reader() string { return h.reader[len("http://"):] }
