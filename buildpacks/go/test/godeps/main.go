package main

import (
	"fmt"
	"net/http"
	"os"

	"example.com/greeting"
)

func main() {
	http.HandleFunc("/", func(answer http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(answer, greeting.For("the days before modules"))
	})
	http.ListenAndServe(":"+os.Getenv("PORT"), nil)
}
