//go:build !testvariant

package main

// adjusted returns the jobs as they are. The variant of the module that tests build with the tag
// testvariant changes them.
func adjusted(jobs map[string]job) map[string]job {
	return jobs
}
