// What a Go program asks of WASI; prints the same as tour.c.
package main

import (
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"time"
)

func input() {
	text, _ := io.ReadAll(os.Stdin)
	count := map[string]int{}
	for _, word := range strings.Fields(string(text)) {
		count[word]++
	}
	words := []string{}
	for word := range count {
		words = append(words, word)
	}
	sort.Strings(words)
	fmt.Printf("input: %d bytes\nwords:", len(text))
	for _, word := range words {
		fmt.Printf(" %s=%d", word, count[word])
	}
	fmt.Println()
}

// The numbers come from goroutines through a channel, in whatever order.
func sorting() {
	const total = 200
	channel := make(chan uint32)
	x := uint32(1)
	for i := 0; i < total; i++ {
		x = x*1664525 + 1013904223
		go func(number uint32) { channel <- number >> 16 }(x)
	}
	numbers := []uint32{}
	for i := 0; i < total; i++ {
		numbers = append(numbers, <-channel)
	}
	sort.Slice(numbers, func(i, j int) bool { return numbers[i] < numbers[j] })
	fmt.Println("sorted:", numbers[0], numbers[total/2], numbers[total-1])
}

func arithmetic() {
	hash, pi := uint64(14695981039346656037), 0.0
	for i := 0; i < 100000; i++ {
		hash = (hash ^ uint64(i&255)) * 1099511628211
		term := 4.0 / float64(2*i+1)
		if i%2 == 1 {
			term = -term
		}
		pi += term
	}
	fmt.Printf("hash: %016x\npi: %.9f\n", hash, pi)
}

func slept() bool {
	before := time.Now()
	time.Sleep(20 * time.Millisecond)
	return time.Since(before) >= 20*time.Millisecond
}

func isRandom() bool {
	a, b := make([]byte, 32), make([]byte, 32)
	rand.Read(a)
	rand.Read(b)
	return string(a) != string(b)
}

func yes(itIs bool) string {
	if itIs {
		return "yes"
	}
	return "no"
}

func main() {
	fmt.Print("arguments:")
	for _, argument := range os.Args[1:] {
		fmt.Printf(" [%s]", argument)
	}
	greeting, found := os.LookupEnv("GREETING")
	if !found {
		greeting = "none"
	}
	fmt.Printf("\nenvironment: %s\n", greeting)
	input()
	sorting()
	arithmetic()
	fmt.Println("slept:", yes(slept()))
	fmt.Println("after 2024:", yes(time.Now().Unix() > 1704067200))
	fmt.Println("random:", yes(isRandom()))
	if _, err := os.Open("/etc/passwd"); err != nil {
		fmt.Println("file: refused")
	} else {
		fmt.Println("file: opened")
	}
	fmt.Fprintln(os.Stderr, "done")
	os.Exit(7)
}
