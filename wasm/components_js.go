package main

import "keyferry/wasm/custody"

// components adds up what addComponent is given, until prepare takes the sum.
var components *custody.Components

// addComponent accepts one component of a key, with the check value that was printed with it.
func addComponent(o *options) (result, error) {
	component, kcv := o.bytes("component"), o.bytes("kcv")
	defer clear(component)
	if o.err != nil {
		return nil, o.err
	}
	if components == nil {
		var err error
		if components, err = custody.NewComponents(); err != nil {
			return nil, err
		}
	}
	scrub()
	defer scrub()
	method, err := components.Add(component, kcv)
	if err != nil {
		return nil, err
	}
	return result{"method": string(method), "count": components.Count()}, nil
}
