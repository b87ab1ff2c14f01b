package main

import (
	"fmt"

	"example.com/app/internal/answer"
)

func main() { fmt.Println(answer.Of("worker")) }
