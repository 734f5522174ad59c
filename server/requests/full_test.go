package requests_test

import "flag"

// full asks for the long form of the tests that have one.
var full = flag.Bool("full", false, "run the long form of the tests that have one")
