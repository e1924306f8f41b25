// Write what differs from run to run: the order of a map, hashes with a seed,
// random numbers, the time.
package main

import (
	"fmt"
	"hash/maphash"
	"math"
	"math/rand"
	"time"
)

func main() {
	words := map[string]int{}
	for i := 0; i < 40; i++ {
		words[fmt.Sprint("word", i)] = i
	}
	for word := range words {
		fmt.Print(word, " ")
	}
	var h maphash.Hash
	h.WriteString("text")
	fmt.Println(h.Sum64(), rand.Int63())
	start := time.Now()
	time.Sleep(30 * time.Minute)
	fmt.Println(start, time.Since(start))
	zero := 0.0
	fmt.Printf("%x\n", math.Float64bits(zero/zero))
}
