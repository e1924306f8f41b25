// primes: print the prime numbers below N, found by goroutines that filter one
// another's numbers. The Go runtime with its scheduler and garbage collector
// comes along: more than a megabyte of WebAssembly.
package main

import (
	"fmt"
	"os"
	"strconv"
)

func generate(limit int, out chan<- int) {
	for n := 2; n < limit; n++ {
		out <- n
	}
	close(out)
}

func filter(prime int, in <-chan int, out chan<- int) {
	for n := range in {
		if n%prime != 0 {
			out <- n
		}
	}
	close(out)
}

func main() {
	limit := 100
	if len(os.Args) > 1 {
		n, err := strconv.Atoi(os.Args[1])
		if err != nil {
			fmt.Fprintln(os.Stderr, "primes: not a number:", os.Args[1])
			os.Exit(2)
		}
		limit = n
	}
	numbers := make(chan int)
	go generate(limit, numbers)
	for {
		prime, more := <-numbers
		if !more {
			return
		}
		fmt.Println(prime)
		next := make(chan int)
		go filter(prime, numbers, next)
		numbers = next
	}
}
