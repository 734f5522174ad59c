//go:build !custody

package main

// custodyJobs are in the build with the tag custody, as is all else that needs age.
var custodyJobs map[string]job

func restore([]byte, string) error {
	return badRequest("This build of the module does not open backups.")
}

func (p *preparation) backUp(result) error {
	return badRequest("This build of the module does not make backups.")
}
