package localkms

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
)

// A state file is a line of warning, then one record a line: the CRC-32C of
// the rest in hex, a space, JSON. The first record is the head; it says how
// many of the following make up the snapshot with which the file began. Then
// come the changes, each made durable before it is answered.
//
// A file is only ever replaced whole, by renaming, and only ever grows at its
// end, by one record at a time. So a process that is killed leaves at most a
// piece of one record, which nobody has been told of, and which is cut off.

const stateWarning = "# State of a Keyferry local KMS: for trying out and for tests, never for real keys.\n"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errStateDamaged reports a state file that no crash can have left behind.
var errStateDamaged = errors.New("the state file is damaged")

// journal appends to a state file.
type journal struct {
	path     string
	seal     *sealer
	lock     *os.File // the key file, which is locked and never replaced
	file     *os.File
	size     int64 // where the last whole record ends
	appended int   // records since the snapshot
	broken   error // set when the file's content is no longer known
}

// stateHead is the first record.
type stateHead struct {
	Version int    `json:"version"`
	Records int    `json:"records"` // of the snapshot
	Secrets []byte `json:"secrets"` // sealed
}

const stateVersion = 1

// frame makes a line of a record.
func frame(record any) ([]byte, error) {
	body, err := json.Marshal(record)
	if err != nil {
		return nil, fmt.Errorf("encoding record: %v", err)
	}
	line := make([]byte, 0, len(body)+10)
	line = fmt.Appendf(line, "%08x ", crc32.Checksum(body, castagnoli))
	line = append(line, body...)
	return append(line, '\n'), nil
}

// unframe returns a line's record; false means that the line is not whole.
func unframe(line []byte) ([]byte, bool) {
	if len(line) < 10 || line[8] != ' ' || line[len(line)-1] != '\n' {
		return nil, false
	}
	body := line[9 : len(line)-1]
	sum := fmt.Sprintf("%08x", crc32.Checksum(body, castagnoli))
	return body, string(line[:8]) == sum
}

// append makes a change durable.
func (j *journal) append(c change) error {
	if j.broken != nil {
		return j.broken
	}
	line, err := frame(j.seal.stored(c))
	if err != nil {
		return err
	}
	if _, err := j.file.WriteAt(line, j.size); err != nil {
		// The disk may be full: take back the piece, and go on.
		if cut := j.file.Truncate(j.size); cut != nil {
			j.broken = fmt.Errorf("cutting off a partial record: %v", cut)
		}
		return fmt.Errorf("appending record: %v", err)
	}
	if err := j.file.Sync(); err != nil {
		// After a failed sync nobody knows what the disk has. Only a new
		// start, which reads it again, can tell.
		j.broken = fmt.Errorf("syncing state file: %v", err)
		return j.broken
	}
	j.size += int64(len(line))
	j.appended++
	return nil
}

// rewrite replaces the file by a snapshot of the tenants, in one step.
func (j *journal) rewrite(tenants map[string]*account, own secrets) error {
	records := snapshot(tenants)
	next, err := os.OpenFile(j.path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("creating state file: %w", err)
	}
	size, err := j.writeSnapshot(next, records, own)
	if err == nil {
		err = os.Rename(next.Name(), j.path)
	}
	if err != nil {
		next.Close()
		os.Remove(next.Name())
		return fmt.Errorf("writing snapshot: %w", err)
	}
	// From here on the new file is the state file, whatever else fails.
	if j.file != nil {
		j.file.Close()
	}
	j.file, j.size, j.appended, j.broken = next, size, 0, nil
	if err := syncDir(filepath.Dir(j.path)); err != nil {
		j.broken = fmt.Errorf("syncing directory: %v", err)
		return j.broken
	}
	return nil
}

func (j *journal) writeSnapshot(w *os.File, records []change, own secrets) (int64, error) {
	var size int64
	buffer := bytes.NewBufferString(stateWarning)
	flush := func() error {
		n, err := w.Write(buffer.Bytes())
		size += int64(n)
		buffer.Reset()
		return err
	}
	line, err := frame(stateHead{Version: stateVersion, Records: len(records), Secrets: j.seal.secrets(own)})
	buffer.Write(line)
	for _, c := range records {
		if err != nil {
			return size, err
		}
		if line, err = frame(j.seal.stored(c)); err != nil {
			return size, err
		}
		buffer.Write(line)
		if buffer.Len() > 1<<20 {
			err = flush()
		}
	}
	if err == nil {
		err = flush()
	}
	if err == nil {
		err = w.Sync()
	}
	return size, err
}

// load reads the file and hands every whole change to apply. What a kill left
// of a last record is cut off.
func (j *journal) load(own *secrets, apply func(change)) error {
	content, err := os.ReadFile(j.path)
	if err != nil {
		return fmt.Errorf("reading: %w", err)
	}
	rest, ok := bytes.CutPrefix(content, []byte(stateWarning))
	if !ok {
		return errStateDamaged
	}
	var head stateHead
	body, rest, err := nextRecord(rest)
	if err != nil || json.Unmarshal(body, &head) != nil {
		return errStateDamaged
	}
	if head.Version != stateVersion {
		return fmt.Errorf("the state file has version %d; this program reads version %d", head.Version, stateVersion)
	}
	if *own, err = j.seal.openSecrets(head.Secrets); err != nil {
		return err
	}
	for n := 0; len(rest) > 0 || n < head.Records; n++ {
		body, after, err := nextRecord(rest)
		if err == io.ErrUnexpectedEOF && n >= head.Records {
			break // a piece of a record that was never answered
		}
		if err != nil {
			return errStateDamaged
		}
		c, err := j.seal.change(body)
		if err != nil {
			return err
		}
		apply(c)
		rest = after
		j.appended = max(0, n+1-head.Records)
	}
	j.size = int64(len(content) - len(rest))
	if j.file, err = os.OpenFile(j.path, os.O_RDWR, 0o600); err != nil {
		return fmt.Errorf("opening for writing: %w", err)
	}
	if len(rest) > 0 {
		return j.file.Truncate(j.size)
	}
	return nil
}

// nextRecord takes a record off the front. If it is not whole, the error is
// io.ErrUnexpectedEOF when nothing follows it, and errStateDamaged when
// something does.
func nextRecord(content []byte) (body, rest []byte, err error) {
	end := bytes.IndexByte(content, '\n')
	if end < 0 {
		return nil, nil, io.ErrUnexpectedEOF
	}
	body, whole := unframe(content[:end+1])
	switch {
	case whole:
		return body, content[end+1:], nil
	case end+1 == len(content):
		return nil, nil, io.ErrUnexpectedEOF
	}
	return nil, nil, errStateDamaged
}

func (j *journal) close() error {
	var err error
	if j.file != nil {
		err = j.file.Close()
	}
	j.broken = errors.New("the state file is closed")
	return errors.Join(err, j.lock.Close())
}

// syncDir makes a renaming durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
