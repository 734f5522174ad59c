//go:build !crashtest

package main

// adjusted returns the jobs as they are. The variant of the module that is built
// with the tag crashtest replaces one.
func adjusted(jobs map[string]job) map[string]job {
	return jobs
}
