package greeting

// For whoever is named.
func For(name string) string { return "Hello, " + name }
