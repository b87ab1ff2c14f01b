package answer

// For a program.
func Of(program string) string { return "the answer of " + program }
