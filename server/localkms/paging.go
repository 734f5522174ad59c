package localkms

import "math"

// paging is the part of an answer that says which page it is.
type paging struct {
	PageNumber int
	PageSize   int
	TotalCount int
}

// page reads which page a call asks for.
func (c *call) page(smallest int) (paging, error) {
	var p paging
	var err error
	if p.PageNumber, err = c.integer("PageNumber", 1, 1, math.MaxInt32); err != nil {
		return p, err
	}
	p.PageSize, err = c.integer("PageSize", 10, smallest, 100)
	return p, err
}

// of sets the total and returns the bounds of the page in a list of that length.
func (p *paging) of(total int) (from, to int) {
	p.TotalCount = total
	if p.PageSize > 0 && p.PageNumber-1 > total/p.PageSize {
		return total, total // the product below could be too large for an int
	}
	from = min((p.PageNumber-1)*p.PageSize, total)
	return from, min(from+p.PageSize, total)
}
