package main

import (
	"io"
	"net/http"
	"os"

	"example.com/app/internal/answer"
)

func main() {
	http.HandleFunc("/", func(writer http.ResponseWriter, _ *http.Request) { io.WriteString(writer, answer.Of("web")) })
	http.ListenAndServe(":"+os.Getenv("PORT"), nil)
}
