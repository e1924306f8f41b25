// A program that panics.
package main

func main() {
	panic("as asked")
}
