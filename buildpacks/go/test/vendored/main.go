package main

import (
	"fmt"
	"net/http"
	"os"
	"runtime"

	"example.com/greeting"
)

// Set when the program is built.
var version = "unknown"

func main() {
	http.HandleFunc("/", func(answer http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(answer, "%s from %s, version %s", greeting.For("Heroku"), runtime.Version()[:6], version)
	})
	if err := http.ListenAndServe(":"+os.Getenv("PORT"), nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
